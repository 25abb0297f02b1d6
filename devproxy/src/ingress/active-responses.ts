import type { Server, ServerResponse } from "node:http";

const GRACE_MS = 1_000;

/** The requests that have no complete response yet. */
export class ActiveResponses {
  readonly #responses = new Set<ServerResponse>();
  #onEmpty: (() => void) | undefined;

  add(response: ServerResponse): void {
    this.#responses.add(response);
    response.once("close", () => {
      this.#responses.delete(response);
      if (this.#responses.size === 0) this.#onEmpty?.();
    });
  }

  /**
   * Stops accepting requests, and waits a moment for responses. Then calls `respondNow`, which causes the other responses, and waits again.
   * Closes what is left.
   */
  async closeServer(server: Server, respondNow: () => void): Promise<void> {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    await this.#untilEmpty();
    respondNow();
    await this.#untilEmpty();
    server.closeAllConnections();
    await closed;
  }

  /** Resolves when there is no such request, or after `GRACE_MS`. */
  #untilEmpty(): Promise<void> {
    if (this.#responses.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, GRACE_MS);
      this.#onEmpty = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
