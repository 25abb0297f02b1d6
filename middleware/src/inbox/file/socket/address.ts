import { randomBytes } from "node:crypto";
import { mkdtemp, rm, rmdir, utimes } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import type { LockSocket } from "../../../journal/lock-file.js";

/** Maximum length of a socket's path. macOS allows 104 bytes with the final zero, Linux 108. */
const MAX_PATH_BYTES = 103;
const TEMPORARY = "airudder-inbox-";
const EXTENSION = ".sock";

/** A server that listens on an address of its own. Only processes that can read the lock file know the address and its key. */
export interface Listening {
  readonly server: Server;
  readonly socket: LockSocket;
}

/**
 * Listens on a new address:
 *
 * - on Windows, a named pipe
 * - elsewhere, a socket in a new subfolder of the system's temporary folder, which only its user can enter. Tools that copy the inbox
 *   folder may fail on a socket in the inbox folder.
 * - without a usable temporary folder, a socket in the inbox folder
 * @throws Error of the file system
 */
export async function listenFor(dir: string): Promise<Listening> {
  if (process.platform === "win32") return listen(`\\\\.\\pipe\\airudder-${randomBytes(8).toString("hex")}`);
  const folder = await mkdtemp(join(tmpdir(), TEMPORARY)).catch(() => undefined);
  if (folder !== undefined) {
    const listening = await listen(join(folder, "socket")).catch(() => undefined);
    if (listening !== undefined) return listening;
    await rm(folder, { recursive: true, force: true });
  }
  return listen(join(dir, `${randomBytes(8).toString("hex")}${EXTENSION}`));
}

async function listen(path: string): Promise<Listening> {
  if (process.platform !== "win32" && Buffer.byteLength(path) > MAX_PATH_BYTES) {
    throw new Error(`The path of the socket is longer than ${MAX_PATH_BYTES} bytes: ${path}`);
  }
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

/** Whether a path may be that of a socket of an inbox in this folder. */
function isSocketPath(dir: string, path: string): boolean {
  const folder = dirname(path);
  return (folder === dir && path.endsWith(EXTENSION)) || isTemporary(folder);
}

function isTemporary(folder: string): boolean {
  return dirname(folder) === tmpdir() && basename(folder).startsWith(TEMPORARY);
}

/** Removes a socket that nobody listens on any more. */
export async function removeSocket(dir: string, { path }: LockSocket): Promise<void> {
  if (process.platform === "win32" || !isSocketPath(dir, path)) return;
  await rm(path, { force: true }).catch(() => undefined);
  if (isTemporary(dirname(path))) await rmdir(dirname(path)).catch(() => undefined);
}

/** Sets the times of a socket and its folder to now, so that the system does not remove them as old files. */
export async function touchSocket({ path }: LockSocket): Promise<void> {
  if (process.platform === "win32") return;
  const now = new Date();
  for (const each of [path, dirname(path)]) await utimes(each, now, now).catch(() => undefined);
}
