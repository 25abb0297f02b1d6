/** An attempt reached its time limit. Its handler may still run; its signal is aborted. */
export class AttemptTimeout extends Error {
  override readonly name = "AttemptTimeout";

  constructor(readonly timeoutMs: number) {
    super(`The handler did not end within ${timeoutMs} ms.`);
  }
}

/** One attempt. Creates its signal only when a handler reads it, because most do not. */
export class RunningAttempt {
  #controller: AbortController | undefined;
  #reason: unknown;
  #isOver = false;
  /** Whether an operator has retried the push after it was dead. */
  isRetry = false;

  constructor(readonly number: number) {}

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#reason !== undefined) this.#controller.abort(this.#reason);
    }
    return this.#controller.signal;
  }

  /** Whether the attempt has ended without its handler. */
  get isOver(): boolean {
    return this.#isOver;
  }

  abort(reason: unknown): void {
    this.#isOver = true;
    this.#reason = reason;
    this.#controller?.abort(reason);
  }
}
