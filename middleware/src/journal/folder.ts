import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { JournalError } from "./errors.js";
import { Lock } from "./lock.js";

/** Makes a journal's folder, readable by its owner alone, and takes its lock. */
export async function makeFolder(dir: string): Promise<Lock> {
  try {
    await mkdir(dir, { recursive: true, mode: 0o700 });
    await writeFile(join(dir, ".gitignore"), "*\n", { flag: "wx", mode: 0o600 }).catch((error) => {
      if (error.code !== "EEXIST") throw error;
    });
    return await Lock.take(dir);
  } catch (cause) {
    if (cause instanceof JournalError) throw cause;
    throw unwritable(dir, cause);
  }
}

/** The disk refused. */
export function unwritable(dir: string, cause: unknown): JournalError {
  return new JournalError("journal_unwritable", `The journal ${dir} cannot be written: ${(cause as Error).message}`, {
    cause,
  });
}

/** The lock is another's now. */
export function takenOver(dir: string): JournalError {
  const message = `Another process has taken over the journal ${dir}; this one has stopped writing.`;
  return new JournalError("journal_locked", message);
}
