import type { Server, ServerResponse } from "node:http";

const GRACE_MS = 1_000;

/** The requests that are being answered. */
export class ActiveResponses {
  readonly #responses = new Set<ServerResponse>();
  #onNone: (() => void) | undefined;

  add(response: ServerResponse): void {
    this.#responses.add(response);
    response.once("close", () => {
      this.#responses.delete(response);
      if (this.#responses.size === 0) this.#onNone?.();
    });
  }

  /** Takes no more requests, gives those that run a moment, then has the rest answered by `hurry`. */
  async closeServer(server: Server, hurry: () => void): Promise<void> {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    await this.#none();
    hurry();
    await this.#none();
    server.closeAllConnections();
    await closed;
  }

  /** Resolves when all are answered, or after the grace. */
  #none(): Promise<void> {
    if (this.#responses.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, GRACE_MS);
      this.#onNone = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
