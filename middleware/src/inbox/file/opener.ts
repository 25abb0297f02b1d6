import { JournalError } from "../../journal/index.js";

/** Delay before the folder is opened again, after a failure or a takeover. */
const REOPEN_MS = 1_000;

/** Opens the folder of an inbox, and opens it again after a failure and after this process has lost it. */
export class Opener<Opened> {
  #opened: Promise<Opened> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(
    private readonly dir: string,
    private readonly openFolder: () => Promise<Opened>,
  ) {}

  /**
   * Resolves with the open folder. After a failure it rejects with the same error until the timer opens the folder again. Incoming pushes
   * do not open it earlier.
   */
  open(): Promise<Opened> {
    if (this.#opened === undefined) {
      this.#opened = this.#isClosed ? this.#rejectClosed() : this.openFolder();
      this.#opened.catch(() => this.#reopenLater());
    }
    return this.#opened;
  }

  async #rejectClosed(): Promise<never> {
    throw new JournalError("journal_unwritable", `The inbox ${this.dir} is closed.`);
  }

  #reopenLater(): void {
    if (this.#isClosed) return;
    this.#timer = setTimeout(() => this.reopenAfter(), REOPEN_MS).unref();
  }

  /** Opens the folder again when `released` has settled. Until then, `open` waits. */
  reopenAfter(released: Promise<unknown> = Promise.resolve()): void {
    if (this.#isClosed) return;
    this.#opened = released.catch(ignore).then(() => {
      this.#opened = undefined;
      return this.open();
    });
    this.#opened.catch(ignore);
  }

  /** Rejects with `error` from now on. Opens the folder again one second after `released` has settled. */
  rejectUntil(released: Promise<unknown>, error: JournalError): void {
    this.#opened = Promise.reject(error);
    this.#opened.catch(ignore);
    released.catch(ignore).then(() => this.#reopenLater());
  }

  /** Prevents any further opening. Returns the open folder, if any: the caller must close it. */
  async close(): Promise<Opened | undefined> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    const opened = await this.#opened?.catch(() => undefined);
    this.#opened = undefined;
    return opened;
  }
}

/** Ignores an error: the callers of `open` receive it, and the timer opens the folder again. */
function ignore(): void {}
