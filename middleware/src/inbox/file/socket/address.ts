import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { LockSocket } from "../../../journal/lock-file.js";

/** Maximum length of a socket's path. macOS allows 104 bytes with the final zero, Linux 108. */
const MAX_PATH_BYTES = 103;
const TEMPORARY = "airudder-inbox-";

/** A server that listens on an address of its own. Only processes that can read the lock file know the address and its key. */
export interface Listening {
  readonly server: Server;
  readonly socket: LockSocket;
}

/**
 * Listens on a new address:
 *
 * - on Windows, a named pipe
 * - elsewhere, a socket in the folder, which only its user can enter
 * - if the path is too long, or the file system has no sockets: a socket in a new folder of the system's temporary folder
 * @throws Error of the file system
 */
export async function listenNear(dir: string): Promise<Listening> {
  const name = randomBytes(8).toString("hex");
  if (process.platform === "win32") return listen(`\\\\.\\pipe\\airudder-${name}`);
  const path = join(dir, `${name}.sock`);
  if (Buffer.byteLength(path) <= MAX_PATH_BYTES) {
    const listening = await listen(path).catch(() => undefined);
    if (listening !== undefined) return listening;
  }
  const folder = await mkdtemp(join(tmpdir(), TEMPORARY));
  try {
    return await listen(join(folder, "s"));
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

async function listen(path: string): Promise<Listening> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    // `exclusive`: a worker of node:cluster listens itself, not through its primary.
    server.listen({ path, exclusive: true }, resolve);
  });
  server.removeAllListeners("error").on("error", () => undefined);
  server.unref(); // an open inbox does not keep the process running
  return { server, socket: { path, key: randomBytes(16).toString("hex") } };
}

/** Removes a socket that nobody listens on any more. */
export async function removeSocket({ path }: LockSocket): Promise<void> {
  if (process.platform === "win32") return;
  await rm(path, { force: true }).catch(() => undefined);
  const folder = dirname(path);
  if (dirname(folder) === tmpdir() && folder.startsWith(join(tmpdir(), TEMPORARY))) {
    await rm(folder, { recursive: true, force: true }).catch(() => undefined);
  }
}
