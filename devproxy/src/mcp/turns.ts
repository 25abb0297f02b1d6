/** Runs actions one after another, in the order of the calls. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve();

  /**
   * Runs an action after all earlier ones have ended.
   * @throws the reason of the signal, if it is aborted before the action starts
   */
  run<T>(signal: AbortSignal, action: () => Promise<T>): Promise<T> {
    const result = this.#last.then(() => {
      signal.throwIfAborted();
      return action();
    });
    this.#last = result.catch(() => undefined);
    return result;
  }
}
