import { statSync } from "node:fs";
import { mkdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { JournalError } from "./errors.js";
import { Lock } from "./lock.js";
import type { LockSocket } from "./lock-file.js";
import type { LockTimes } from "./previous-owners.js";
import { readSegmentEnds } from "./segment-heads.js";
import { findSegments } from "./segments.js";

/** Mode bits that let other users write. */
const OTHERS_WRITE = 0o022;

/**
 * Creates a journal's folder with mode 0700, and takes its lock. Writes nothing to a journal of a newer format.
 * @param listen prepares to take pushes of other processes, and returns where; called when the folder exists
 * @throws JournalError `journal_newer`, `journal_locked`, `journal_unwritable`
 */
export async function lockFolder(
  dir: string,
  times: Partial<LockTimes> = {},
  listen?: () => Promise<LockSocket | undefined>,
): Promise<Lock> {
  try {
    await rejectNewerFormat(dir);
    await mkdir(dir, { recursive: true, mode: 0o700 });
    await writeFile(join(dir, ".gitignore"), "*\n", { flag: "wx", mode: 0o600 }).catch((error) => {
      if (error.code !== "EEXIST") throw error;
    });
    return await Lock.take(dir, times, await listen?.());
  } catch (cause) {
    if (cause instanceof JournalError) throw cause;
    throw unwritableError(dir, cause);
  }
}

async function rejectNewerFormat(dir: string): Promise<void> {
  try {
    await readSegmentEnds(dir, (await findSegments(dir)).numbers);
  } catch (error) {
    if ((error as JournalError).code === "journal_newer") throw error;
    // Other errors are reported when the journal is read.
  }
}

/** Whether other users may write to the folder. Always `false` on Windows. */
export async function isWritableByOthers(dir: string): Promise<boolean> {
  return process.platform !== "win32" && ((await stat(dir)).mode & OTHERS_WRITE) !== 0;
}

/** Device and inode number of a folder; `undefined` if there is none. */
export function folderIdOf(dir: string): string | undefined {
  const found = statSync(dir, { throwIfNoEntry: false, bigint: true });
  return found?.isDirectory() ? `${found.dev}:${found.ino}` : undefined;
}

/** The error for a failed write. */
export function unwritableError(dir: string, cause: unknown): JournalError {
  return new JournalError("journal_unwritable", `The journal ${dir} cannot be written: ${(cause as Error).message}`, {
    cause,
  });
}

/** The error after another process has taken over the lock. */
export function takenOverError(dir: string): JournalError {
  const message = `Another process has taken over the journal ${dir}; this process no longer writes to it.`;
  return new JournalError("journal_locked", message);
}
