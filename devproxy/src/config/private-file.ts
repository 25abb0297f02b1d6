import { randomUUID } from "node:crypto";
import { open, rename, rm } from "node:fs/promises";
import { DevproxyError } from "../errors.js";

/** Writes a file that only its owner may read, so that a reader finds the old text or the new one, whole. */
export async function writePrivateFile(path: string, text: string | Buffer): Promise<void> {
  const aside = `${path}.${randomUUID()}`;
  try {
    const file = await open(aside, "wx", 0o600);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(aside, path);
  } catch (cause) {
    await rm(aside, { force: true }).catch(() => undefined);
    const why = (cause as NodeJS.ErrnoException).code ?? (cause as Error).message;
    const message = `The file ${path} cannot be written (${why}). Free space on the disk, or use another folder with --journal.`;
    throw new DevproxyError("not_writable", message, 3, { cause });
  }
}
