import { makeFolder } from "./folder.js";
import { Journal } from "./journal.js";
import type { JournalOptions } from "./options.js";
import type { LockTimes } from "./predecessor.js";

/**
 * Opens a journal to append to it. Makes the folder (mode 0700, kept out of git by a `.gitignore` of its own), takes the lock, and tells
 * `onEntry` every record that is there. Cuts off a line whose end never reached the disk when its writer has ended for certain.
 * @throws JournalError `journal_locked`, `journal_unreadable`, `journal_newer`, `journal_unwritable`
 * @example
 * const journal = await openJournal("./airudder-inbox", { onEntry: ({ head }) => seen.push(head) });
 */
export function openJournal(dir: string, options: JournalOptions = {}): Promise<Journal> {
  return openWithTimes(dir, options, {});
}

/** For tests, which cannot wait as long. */
export async function openWithTimes(dir: string, options: JournalOptions, times: Partial<LockTimes>): Promise<Journal> {
  const lock = await makeFolder(dir, times);
  try {
    return await Journal.recover(dir, lock, options);
  } catch (error) {
    await lock.release();
    throw error;
  }
}
