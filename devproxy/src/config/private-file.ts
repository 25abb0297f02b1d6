import { randomUUID } from "node:crypto";
import { open, rename, rm } from "node:fs/promises";
import { DevproxyError } from "../errors.js";

/**
 * Writes a file that only its owner can read. The change is atomic: a reader sees either the old text or the new one.
 * @throws DevproxyError `not_writable`
 */
export async function writePrivateFile(path: string, text: string | Buffer): Promise<void> {
  const temporaryPath = `${path}.${randomUUID()}`;
  try {
    const file = await open(temporaryPath, "wx", 0o600);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporaryPath, path);
  } catch (cause) {
    await rm(temporaryPath, { force: true }).catch(() => undefined);
    const why = (cause as NodeJS.ErrnoException).code ?? (cause as Error).message;
    const message = `The file ${path} cannot be written (${why}). Free up disk space, or use another folder with --journal.`;
    throw new DevproxyError("not_writable", message, 3, { cause });
  }
}
