import { type Journal, JournalError } from "../../journal/index.js";

/** Delay before the journal is opened again, after a failure or a takeover. */
const REOPEN_MS = 1_000;

/** Opens a journal, and opens it again after a failure and after another process has taken it over. */
export class JournalOpener {
  #journal: Promise<Journal> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(
    private readonly dir: string,
    private readonly recover: () => Promise<Journal>,
  ) {}

  /**
   * Resolves with the open journal. After a failure it rejects with the same error until the timer opens the journal again. Incoming pushes
   * do not open it earlier.
   */
  open(): Promise<Journal> {
    if (this.#journal === undefined) {
      this.#journal = this.#isClosed ? this.#rejectClosed() : this.recover();
      this.#journal.catch(() => this.#reopenLater());
    }
    return this.#journal;
  }

  async #rejectClosed(): Promise<never> {
    throw new JournalError("journal_unwritable", `The inbox ${this.dir} is closed.`);
  }

  #reopenLater(): void {
    if (this.#isClosed) return;
    const reopen = (): void => {
      this.#journal = undefined;
      this.open().catch(ignore);
    };
    this.#timer = setTimeout(reopen, REOPEN_MS).unref();
  }

  /** Rejects with `error` from now on. Opens the journal again one second after `released` has settled. */
  reopenAfter(error: JournalError, released: Promise<unknown>): void {
    this.#journal = Promise.reject(error);
    this.#journal.catch(ignore);
    released.catch(ignore).then(() => this.#reopenLater());
  }

  /** Prevents any further opening. Returns the open journal, if any: the caller must close it. */
  async close(): Promise<Journal | undefined> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    const journal = await this.#journal?.catch(() => undefined);
    this.#journal = undefined;
    return journal;
  }
}

/** Ignores an error: the callers of `open` receive it, and the timer opens the journal again. */
function ignore(): void {}
