import { Percentiles } from "./percentiles.js";

/** Counts the pushes that arrive, and measures the time that the proxy adds to their responses. */
export class Traffic {
  /** Number of pushes that arrived, also those that were rejected or could not be recorded. */
  seen = 0;
  /** Number of pushes that were recorded. */
  recorded = 0;
  readonly #added = new Percentiles();

  /**
   * Adds a push whose sender received the response of the app.
   * @param totalMs from the end of the request until the response was sent
   * @param appMs from when the request was passed to the connection to the app until its response was complete
   */
  addResponse(totalMs: number, appMs: number): void {
    this.#added.add(totalMs - appMs);
  }

  /** The time that the proxy added to a response, ms; `null` if no response of the app was sent. */
  get addedMs(): { p50: number; p99: number } | null {
    const [p50, p99] = [this.#added.at(0.5), this.#added.at(0.99)];
    return p50 === undefined || p99 === undefined ? null : { p50, p99 };
  }
}
