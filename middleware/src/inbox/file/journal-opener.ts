import { type Journal, JournalError } from "../../journal/index.js";

/** After a failed opening the next is tried this much later. */
const REOPEN_MS = 1_000;

/** Keeps a journal open: what fails is tried again on its own until it works, and so is what another process has taken over. */
export class JournalOpener {
  #journal: Promise<Journal> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(
    private readonly dir: string,
    private readonly recover: () => Promise<Journal>,
  ) {}

  /** The journal. After a failure the same error until the next try: not every push that comes makes one. */
  open(): Promise<Journal> {
    if (this.#journal === undefined) {
      this.#journal = this.#closed ? this.#refuse() : this.recover();
      this.#journal.catch(() => this.#openLater());
    }
    return this.#journal;
  }

  async #refuse(): Promise<never> {
    throw new JournalError("journal_unwritable", `The inbox ${this.dir} is closed.`);
  }

  #openLater(): void {
    if (this.#closed) return;
    const reopen = (): void => {
      this.#journal = undefined;
      this.open().catch(warnedOf);
    };
    this.#timer = setTimeout(reopen, REOPEN_MS).unref();
  }

  /** The journal is another process's: there is this error instead of it, and a new one some time after `left`. */
  leave(error: JournalError, left: Promise<unknown>): void {
    this.#journal = Promise.reject(error);
    this.#journal.catch(warnedOf);
    left.catch(warnedOf).then(() => this.#openLater());
  }

  /** Opens nothing any more; gives the journal that is open. */
  async close(): Promise<Journal | undefined> {
    this.#closed = true;
    clearTimeout(this.#timer);
    const journal = await this.#journal?.catch(() => undefined);
    this.#journal = undefined;
    return journal;
  }
}

/** The first failure is warned of where it happens. */
function warnedOf(): void {}
