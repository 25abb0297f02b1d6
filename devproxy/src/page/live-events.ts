import type { StreamEvent } from "../api/index.js";
import { type ApiClient, ApiProblem } from "./client.js";

/** `reload`: the stream was opened again, so events may be missing. */
export type LiveEvent = StreamEvent | { event: "reload" };

/** State of the event stream. `rejected`: the token is wrong. */
export type Connection = "connecting" | "open" | "lost" | "rejected";

const MIN_BACKOFF_MS = 500;
const MAX_BACKOFF_MS = 10_000;
/** Time without data after which the stream is opened again, ms. The server sends a comment every 15 s. */
const SILENCE_LIMIT_MS = 40_000;

/**
 * Reads the event stream of the inspector, and opens it again when it ends. Closes it while the page is hidden: a browser opens only about 6
 * connections to a server, for all tabs together.
 */
export class LiveEvents {
  readonly #listeners = new Set<(event: LiveEvent) => void>();
  readonly #stop = new AbortController();
  #backoffMs = MIN_BACKOFF_MS;
  #wasOpen = false;

  /** @param onConnection called when the state of the stream changes */
  constructor(
    private readonly client: ApiClient,
    private readonly onConnection: (connection: Connection) => void,
  ) {}

  /** @returns a function that removes the listener */
  listen(listener: (event: LiveEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Reads until `close` is called. */
  async run(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      if (document.hidden) {
        // Events are missing from now on.
        this.#wasOpen = true;
        await visibilityChange(this.#stop.signal);
        continue;
      }
      try {
        await this.#read();
      } catch (error) {
        if (error instanceof ApiProblem && /^(missing|wrong)_token$|^401$/.test(error.code))
          return this.onConnection("rejected");
      }
      if (this.#stop.signal.aborted) return;
      if (document.hidden) continue;
      this.onConnection("lost");
      await Promise.race([
        new Promise((resolve) => setTimeout(resolve, this.#backoffMs)),
        visibilityChange(this.#stop.signal),
      ]);
      this.#backoffMs = Math.min(MAX_BACKOFF_MS, this.#backoffMs * 2);
    }
  }

  close(): void {
    this.#stop.abort();
  }

  async #read(): Promise<void> {
    const connection = new AbortController();
    const abort = () => connection.abort();
    const abortIfHidden = () => {
      if (document.hidden) abort();
    };
    this.#stop.signal.addEventListener("abort", abort);
    document.addEventListener("visibilitychange", abortIfHidden);
    let timer = setTimeout(abort, SILENCE_LIMIT_MS);
    try {
      let rest = "";
      let isFirst = true;
      for await (const text of this.client.stream("/events", connection.signal)) {
        if (isFirst) this.#opened();
        isFirst = false;
        clearTimeout(timer);
        timer = setTimeout(abort, SILENCE_LIMIT_MS);
        const blocks = (rest + text.replaceAll("\r\n", "\n")).split("\n\n");
        rest = blocks.pop() as string;
        for (const block of blocks) {
          const event = eventOf(block);
          if (event?.event === "lagged") return;
          if (event !== undefined) this.#emit(event);
        }
      }
    } finally {
      clearTimeout(timer);
      this.#stop.signal.removeEventListener("abort", abort);
      document.removeEventListener("visibilitychange", abortIfHidden);
      connection.abort();
    }
  }

  #opened(): void {
    this.#backoffMs = MIN_BACKOFF_MS;
    this.onConnection("open");
    if (this.#wasOpen) this.#emit({ event: "reload" });
    this.#wasOpen = true;
  }

  #emit(event: LiveEvent): void {
    for (const listener of this.#listeners) listener(event);
  }
}

/** Resolves when the page becomes hidden or visible, or `signal` is aborted. */
function visibilityChange(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      document.removeEventListener("visibilitychange", done);
      signal.removeEventListener("abort", done);
      resolve();
    };
    document.addEventListener("visibilitychange", done);
    signal.addEventListener("abort", done);
  });
}

function eventOf(block: string): StreamEvent | undefined {
  const data = block
    .split("\n")
    .filter((line) => line.startsWith("data:"))
    .map((line) => line.slice(5).trimStart())
    .join("\n");
  if (data === "") return undefined;
  try {
    return JSON.parse(data) as StreamEvent;
  } catch {
    return undefined;
  }
}
