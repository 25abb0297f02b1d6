import { open, stat } from "node:fs/promises";
import { listSegments, segmentPath } from "airudder-webhooks/journal";
import { configPath, readConfig } from "../config/index.js";

/** Number of bytes that are read from a segment. Of a longer record, only the beginning is part of the secret. */
const MAX_SECRET_BYTES = 4096;

/**
 * The secret of a journal's placeholders, from its config. An app's inbox has no config: its secret is its first record, which never changes
 * and which no command prints whole. `undefined` for a folder with neither.
 */
export async function secretOf(dir: string): Promise<string | undefined> {
  const config = await readConfig(dir).catch(() => undefined);
  if (config !== undefined) await warnIfOthersCanRead(configPath(dir));
  return config?.secret ?? (await firstRecord(dir).catch(() => undefined));
}

let hasWarned = false;

/** Warns once if other users can read the config. With its secret, they can send pushes and guess the values of placeholders. */
async function warnIfOthersCanRead(path: string): Promise<void> {
  if (hasWarned || process.platform === "win32") return;
  const mode = ((await stat(path).catch(() => undefined))?.mode ?? 0) & 0o777;
  if ((mode & 0o077) === 0) return;
  hasWarned = true;
  process.stderr.write(
    `airudder-devproxy: Other users can open ${path} (mode 0${mode.toString(8)}), which contains secrets. Run: chmod 600 ${path}\n`,
  );
}

async function firstRecord(dir: string): Promise<string | undefined> {
  const [first] = await listSegments(dir);
  if (first === undefined) return undefined;
  const file = await open(segmentPath(dir, first));
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(MAX_SECRET_BYTES), 0, MAX_SECRET_BYTES, 0);
    // The first line describes the segment, the second is the first record.
    return buffer.toString("latin1", 0, bytesRead).split("\n").slice(0, 2).join("\n");
  } finally {
    await file.close();
  }
}
