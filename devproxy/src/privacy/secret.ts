import { open, stat } from "node:fs/promises";
import { listSegments, segmentPath } from "airudder-webhooks/journal";
import { configPath, readConfig } from "../config/index.js";

const FIRST_BYTES = 4096;

/**
 * The secret that the placeholders of a journal are made with: that of its config. For the inbox of an app, which has no config, it is the
 * first record: it never changes, and no command prints all of it. `undefined` for a folder without both.
 */
export async function secretOf(dir: string): Promise<string | undefined> {
  const config = await readConfig(dir).catch(() => undefined);
  if (config !== undefined) await warnIfReadable(configPath(dir));
  return config?.secret ?? (await firstRecord(dir).catch(() => undefined));
}

let isWarned = false;

/** Warns if other users can read the config: with its secret they can send pushes, and find the value of a placeholder. */
async function warnIfReadable(path: string): Promise<void> {
  if (isWarned || process.platform === "win32") return;
  const mode = ((await stat(path).catch(() => undefined))?.mode ?? 0) & 0o777;
  if ((mode & 0o077) === 0) return;
  isWarned = true;
  process.stderr.write(
    `airudder-devproxy: Other users can open ${path} (mode 0${mode.toString(8)}), which contains secrets. Run: chmod 600 ${path}\n`,
  );
}

async function firstRecord(dir: string): Promise<string | undefined> {
  const [first] = await listSegments(dir);
  if (first === undefined) return undefined;
  const file = await open(segmentPath(dir, first));
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(FIRST_BYTES), 0, FIRST_BYTES, 0);
    // The segment's own line, and that of its first record.
    return buffer.toString("latin1", 0, bytesRead).split("\n").slice(0, 2).join("\n");
  } finally {
    await file.close();
  }
}
