import type { Server, ServerResponse } from "node:http";

/** Maximum duration of each of the two waits in `closeServer`. */
const GRACE_MS = 1_000;

/** Tracks responses that are not complete, so that a server can close without interrupting them. */
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
   * Closes a server. Stops accepting requests, and waits up to 1 s for active responses. Then calls `respondNow` and waits up to 1 s again.
   * Finally closes all connections that are still open.
   * @param respondNow must make the server send its remaining responses
   */
  async closeServer(server: Server, respondNow: () => void): Promise<void> {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    await this.#untilEmpty();
    respondNow();
    await this.#untilEmpty();
    server.closeAllConnections();
    await closed;
  }

  /** Resolves when no response is active, or after `GRACE_MS`. */
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
