import { lockFolder } from "./folder.js";
import { Journal } from "./journal.js";
import type { LockSocket } from "./lock-file.js";
import type { JournalOptions } from "./options.js";
import type { LockTimes } from "./previous-owners.js";

/**
 * Opens a journal to append to it. Creates the folder if necessary (mode 0700, with a `.gitignore`), takes the lock, and calls `onRecord` for
 * every record. If the previous owner has certainly ended, truncates an incomplete last line. Call `close` to release the lock.
 * @param dir path of the folder
 * @throws JournalError `journal_locked`, `journal_unreadable`, `journal_newer` or `journal_unwritable`; see `JournalError`
 * @example
 * const journal = await openJournal("./airudder-inbox", { onRecord: ({ head }) => heads.push(head) });
 * await journal.append({ kind: "mark", push: "p1", at: new Date().toISOString(), state: "handled" });
 * await journal.close();
 */
export function openJournal(dir: string, options: JournalOptions = {}): Promise<Journal> {
  return openWithTimes(dir, options, {});
}

/** `openJournal` with other times for the lock, for tests. */
export function openWithTimes(dir: string, options: JournalOptions, times: Partial<LockTimes>): Promise<Journal> {
  return open(dir, options, times);
}

/**
 * `openJournal` for an owner that takes pushes of other processes.
 * @param listen prepares to take them, and returns where; called when the folder exists, before the lock is taken
 */
export function openWithSocket(
  dir: string,
  options: JournalOptions,
  listen: () => Promise<LockSocket | undefined>,
): Promise<Journal> {
  return open(dir, options, {}, listen);
}

async function open(
  dir: string,
  options: JournalOptions,
  times: Partial<LockTimes>,
  listen?: () => Promise<LockSocket | undefined>,
): Promise<Journal> {
  const lock = await lockFolder(dir, times, listen);
  try {
    return await Journal.recover(dir, lock, options);
  } catch (error) {
    await lock.release();
    throw error;
  }
}
