/** The process that holds a journal's lock. */
export interface LockOwner {
  pid: number;
  /** Host name of its machine or container. */
  host: string;
}

/**
 * A journal could not be opened, read or written. `cause` is the error of the file system, or a `SyntaxError` for a damaged record.
 *
 * - `journal_locked`: another process writes to the journal; `owner` names it if it is known.
 * - `journal_unreadable`: the folder, a segment or a record cannot be read.
 * - `journal_newer`: a newer version of this package wrote the journal.
 * - `journal_unwritable`: the folder cannot be created, or a write failed. The journal contains no part of the record.
 * @example if (error instanceof JournalError && error.code === "journal_locked") console.error(error.owner?.pid);
 */
export class JournalError extends Error {
  override readonly name = "JournalError";
  /** The owner of the lock, with `journal_locked`. */
  readonly owner: LockOwner | undefined;

  constructor(
    readonly code: "journal_locked" | "journal_unreadable" | "journal_newer" | "journal_unwritable",
    message: string,
    { owner, cause }: { owner?: LockOwner; cause?: unknown } = {},
  ) {
    super(message, cause === undefined ? undefined : { cause });
    this.owner = owner;
  }
}
