import type { ServerResponse } from "node:http";
import type { DevproxyEvent } from "../events.js";
import type { Redactor } from "../privacy/index.js";
import type { StateStreamEvent, StreamEvent } from "./types.js";

/** Interval at which events are written together, ms. */
const FLUSH_MS = 25;
const HEARTBEAT_MS = 15_000;
/** Interval at which the state is checked for changes, ms. */
const STATE_MS = 1_000;
/** Maximum size of the events that wait for a slow client, bytes. */
const MAX_WAITING_BYTES = 1024 * 1024;

/** A client of the event stream. */
interface Client {
  response: ServerResponse;
  /** Events that are not written yet. */
  waiting: string[];
  waitingBytes: number;
}

/** Sends events to the clients of `GET /events`. Without a client, events are not formatted. */
export class EventHub {
  readonly #clients = new Set<Client>();
  #lastId = 0;
  #flushTimer: NodeJS.Timeout | undefined;
  #timers: NodeJS.Timeout[] = [];
  #state = "";

  /** @param readState the state for `state` events */
  constructor(
    private readonly redactor: Redactor,
    private readonly readState: () => StateStreamEvent,
  ) {}

  /** Number of clients. */
  get size(): number {
    return this.#clients.size;
  }

  /** Sends an event to all clients. */
  emit(event: StreamEvent): void {
    if (this.#clients.size === 0) return;
    const text = this.#format(event);
    for (const client of this.#clients) this.#queue(client, text);
  }

  /** Sends the stream to a client until it disconnects. */
  add(response: ServerResponse): void {
    const client: Client = { response, waiting: [], waitingBytes: 0 };
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.on("error", () => undefined); // the client has disconnected
    response.on("close", () => this.#remove(client));
    this.#clients.add(client);
    if (this.#clients.size === 1) this.#startTimers();
    const state = this.readState();
    this.#state = JSON.stringify(state);
    this.#queue(client, this.#format(state));
    this.#flush();
  }

  /** Sends the waiting events and ends all streams. */
  close(): void {
    this.#flush();
    for (const { response } of this.#clients) response.end();
    this.#stopTimers();
  }

  #format(event: StreamEvent): string {
    return `id: ${++this.#lastId}\nevent: ${event.event}\ndata: ${JSON.stringify(redacted(event, this.redactor))}\n\n`;
  }

  #queue(client: Client, text: string): void {
    client.waiting.push(text);
    client.waitingBytes += text.length;
    if (client.waitingBytes + client.response.writableLength > MAX_WAITING_BYTES) {
      client.response.end(this.#format({ event: "lagged" }));
      this.#remove(client);
      return;
    }
    this.#flushTimer ??= setTimeout(() => this.#flush(), FLUSH_MS);
  }

  #flush(): void {
    clearTimeout(this.#flushTimer);
    this.#flushTimer = undefined;
    for (const client of this.#clients) {
      if (client.waiting.length === 0) continue;
      client.response.write(client.waiting.join(""));
      client.waiting = [];
      client.waitingBytes = 0;
    }
  }

  #remove(client: Client): void {
    if (this.#clients.delete(client) && this.#clients.size === 0) this.#stopTimers();
  }

  #startTimers(): void {
    const heartbeat = setInterval(() => {
      for (const client of this.#clients) this.#queue(client, ": heartbeat\n\n");
    }, HEARTBEAT_MS);
    const state = setInterval(() => {
      const current = this.readState();
      const text = JSON.stringify(current);
      if (text === this.#state) return;
      this.#state = text;
      this.emit(current);
    }, STATE_MS);
    this.#timers = [heartbeat.unref(), state.unref()];
  }

  #stopTimers(): void {
    clearTimeout(this.#flushTimer);
    this.#flushTimer = undefined;
    for (const timer of this.#timers) clearInterval(timer);
    this.#timers = [];
  }
}

/** Redacts the messages of an event. Errors of handlers are redacted already. */
function redacted(event: StreamEvent, redactor: Redactor): StreamEvent {
  if (isNote(event)) return { ...event, message: redactor.text(event.message) };
  if (event.event === "push") return { ...event, type: redactor.type(event.type) };
  if (event.event === "delivery" && event.error !== undefined) return { ...event, error: redactor.text(event.error) };
  return event;
}

function isNote(event: StreamEvent): event is Extract<DevproxyEvent, { event: "note" }> {
  return event.event === "note";
}
