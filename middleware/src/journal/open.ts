import { lockFolder } from "./folder.js";
import { Journal } from "./journal.js";
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
export async function openWithTimes(dir: string, options: JournalOptions, times: Partial<LockTimes>): Promise<Journal> {
  const lock = await lockFolder(dir, times);
  try {
    return await Journal.recover(dir, lock, options);
  } catch (error) {
    await lock.release();
    throw error;
  }
}
