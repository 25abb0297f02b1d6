/** A time limit for several steps of one operation. */
export class TimeLimit {
  readonly #end: number;

  /** @param message of the error after the limit */
  constructor(
    ms: number,
    private readonly message: string,
  ) {
    this.#end = performance.now() + ms;
  }

  /** Milliseconds until the limit; 0 after it. */
  get leftMs(): number {
    return Math.max(0, this.#end - performance.now());
  }

  get isOver(): boolean {
    return this.leftMs === 0;
  }

  /** The error of an operation that did not end within the limit. */
  error(): Error {
    return new Error(this.message);
  }

  /** Settles like the promise, or rejects at the limit. The operation itself continues. */
  race<T>(promise: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(this.error()), this.leftMs);
      promise.then(resolve, reject).finally(() => clearTimeout(timer));
    });
  }
}
