import type { IncomingMessage } from "node:http";
import { atEndOfTurn, type Waiter } from "../end-of-turn.js";
import { AirudderError, tooLarge } from "../errors.js";

/** Told once: the bytes, an error to answer, or neither when the sender has gone. */
export type BodyDone = (error: AirudderError | undefined, body: Buffer | undefined) => void;

/** A body's limits. */
export interface BodyLimits {
  readonly maxBodyBytes: number;
  readonly bodyTimeoutMs: number;
}

const EMPTY = Buffer.alloc(0);

/**
 * Reads a request's body. Keeps at most `maxBodyBytes`, for at most `bodyTimeoutMs`.
 * @param announced its length in bytes, when the sender has said it: it is whole then with its last byte
 */
export function readBody(
  request: IncomingMessage,
  announced: number | undefined,
  limits: BodyLimits,
  done: BodyDone,
): void {
  new BodyReader(request, announced, limits, done).start();
}

/**
 * Most bodies come in one piece with their headers, and are whole in the same turn of the event loop. What only the others need (a time
 * limit, a look at the sender's leaving) is set up at the end of that turn: on the requests of Express, which are slow objects, it would
 * cost more than all that is done with a body.
 */
class BodyReader implements Waiter {
  #first: Buffer | undefined;
  #more: Buffer[] | undefined;
  #length = 0;
  #isDone = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly request: IncomingMessage,
    private readonly announced: number | undefined,
    private readonly limits: BodyLimits,
    private readonly done: BodyDone,
  ) {}

  start(): void {
    const { request } = this;
    request.on("data", (chunk: Buffer) => this.#onData(chunk));
    if (this.announced === undefined || request.httpVersionMajor > 1) this.#listen();
    atEndOfTurn(this);
  }

  #onData(chunk: Buffer): void {
    if (this.#isDone) return;
    this.#length += chunk.length;
    if (this.#length > this.limits.maxBodyBytes) {
      this.#finish(tooLarge(this.limits.maxBodyBytes), undefined);
      return;
    }
    if (this.#first === undefined) this.#first = chunk;
    else if (this.#more === undefined) this.#more = [this.#first, chunk];
    else this.#more.push(chunk);
    if (this.#length === this.announced) this.#finish(undefined, this.#whole());
  }

  #whole(): Buffer {
    return this.#more === undefined ? (this.#first ?? EMPTY) : Buffer.concat(this.#more, this.#length);
  }

  #listening = false;

  #listen(): void {
    if (this.#listening) return;
    this.#listening = true;
    this.request
      .on("end", () => this.#finish(undefined, this.#whole()))
      .on("close", () => this.#finish(undefined, undefined))
      .on("error", ignore);
  }

  /** The body has not come with its headers: from now on it has its time, and its sender may go. */
  wait(): void {
    if (this.#isDone) return;
    const { request, limits } = this;
    if (request.readableEnded) this.#finish(undefined, this.#whole());
    else if (request.destroyed) this.#finish(undefined, undefined);
    else {
      this.#listen();
      this.#timer = setTimeout(() => {
        const error = new AirudderError("body_timeout", `The body did not come within ${limits.bodyTimeoutMs} ms.`);
        this.#finish(error, undefined);
      }, limits.bodyTimeoutMs);
    }
  }

  #finish(error: AirudderError | undefined, body: Buffer | undefined): void {
    if (this.#isDone) return;
    this.#isDone = true;
    this.#first = this.#more = undefined;
    clearTimeout(this.#timer);
    this.done(error, body);
  }
}

/** A request that breaks off emits its error also after we have stopped listening; unheard it would end the process. */
function ignore(): void {}
