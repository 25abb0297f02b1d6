import { makeFolder } from "./folder.js";
import { Journal } from "./journal.js";
import type { JournalOptions } from "./options.js";
import type { LockTimes } from "./predecessor.js";

/**
 * Opens a journal to append to it. Creates the folder (mode 0700, with a `.gitignore`), takes the lock, and calls `onRecord` for every
 * record. Truncates an incomplete last line if its writer has certainly ended.
 * @throws JournalError `journal_locked`, `journal_unreadable`, `journal_newer`, `journal_unwritable`
 * @example
 * const journal = await openJournal("./airudder-inbox", { onRecord: ({ head }) => seen.push(head) });
 */
export function openJournal(dir: string, options: JournalOptions = {}): Promise<Journal> {
  return openWithTimes(dir, options, {});
}

/** For tests, which need shorter times. */
export async function openWithTimes(dir: string, options: JournalOptions, times: Partial<LockTimes>): Promise<Journal> {
  const lock = await makeFolder(dir, times);
  try {
    return await Journal.recover(dir, lock, options);
  } catch (error) {
    await lock.release();
    throw error;
  }
}
