import { randomUUID } from "node:crypto";
import { open, rename, rm } from "node:fs/promises";

/** Writes a file that only its owner may read, so that a reader finds the old text or the new one, whole. */
export async function writePrivateFile(path: string, text: string | Buffer): Promise<void> {
  const aside = `${path}.${randomUUID()}`;
  const file = await open(aside, "wx", 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(aside, path).catch(async (error) => {
    await rm(aside, { force: true });
    throw error;
  });
}
