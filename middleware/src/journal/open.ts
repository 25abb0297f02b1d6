import { makeFolder } from "./folder.js";
import { Journal, type JournalOptions } from "./journal.js";

/**
 * Opens a journal to append to it. Makes the folder (mode 0700, kept out of git by a `.gitignore` of its own), takes the lock, cuts
 * off a line whose end never reached the disk, and tells `onEntry` every record that is there.
 * @throws JournalError `journal_locked`, `journal_unreadable`, `journal_newer`, `journal_unwritable`
 * @example
 * const journal = await openJournal("./airudder-inbox", { onEntry: ({ head }) => seen.push(head) });
 */
export async function openJournal(dir: string, options: JournalOptions = {}): Promise<Journal> {
  const lock = await makeFolder(dir);
  try {
    return await Journal.recover(dir, lock, options);
  } catch (error) {
    await lock.release();
    throw error;
  }
}
