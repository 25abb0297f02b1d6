/** The process that holds a journal's lock. */
export interface LockOwner {
  pid: number;
  host: string;
}

/**
 * A journal could not be opened, read or written.
 *
 * - `journal_locked`: another process writes it; `owner` names it.
 * - `journal_unreadable`: the folder or a segment cannot be read, or is no journal.
 * - `journal_newer`: a newer version of this package wrote it.
 * - `journal_unwritable`: the folder cannot be made, or the disk refused a write; nothing of the refused line is kept.
 */
export class JournalError extends Error {
  override readonly name = "JournalError";

  constructor(
    readonly code: "journal_locked" | "journal_unreadable" | "journal_newer" | "journal_unwritable",
    message: string,
    readonly evidence: { owner?: LockOwner; cause?: unknown } = {},
  ) {
    super(message, evidence.cause === undefined ? undefined : { cause: evidence.cause });
  }

  /** The answer this error becomes where it meets a request: nothing was stored. */
  get status(): number {
    return 503;
  }

  /** Who holds the lock, with `journal_locked`. */
  get owner(): LockOwner | undefined {
    return this.evidence.owner;
  }
}
