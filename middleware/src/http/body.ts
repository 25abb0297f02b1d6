import type { IncomingMessage } from "node:http";
import { AirudderError, tooLarge } from "../errors.js";
import { atEndOfTurn, type Waiter } from "../receiver/end-of-turn.js";
import { type Bytes, bytesOf } from "./bytes.js";

/** Called once: with the bytes, with an error to respond with, or with neither if the sender has disconnected. */
export type BodyDone = (error: AirudderError | undefined, body: Bytes | undefined) => void;

/** A body's limits. */
export interface BodyLimits {
  readonly maxBodyBytes: number;
  /** Time limit, counted from `startedAt`. Milliseconds. */
  readonly timeoutMs: number;
  /** `performance.now()` when the receiver was called. */
  readonly startedAt: number;
}

const EMPTY = Buffer.alloc(0);

/**
 * Reads a request's body within its limits.
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
  #isExact = true;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly request: IncomingMessage,
    private readonly announced: number | undefined,
    private readonly limits: BodyLimits,
    private readonly done: BodyDone,
  ) {}

  start(): void {
    const { request } = this;
    request.on("data", (chunk: unknown) => this.#onData(chunk));
    // Earlier middleware may have paused it.
    if (request.readableFlowing === false) request.resume();
    if (this.announced === undefined || request.httpVersionMajor > 1) this.#listen();
    atEndOfTurn(this);
  }

  /** A chunk is text if earlier middleware has called `setEncoding()`. */
  #onData(data: unknown): void {
    if (this.#isDone) return;
    let chunk: Buffer;
    if (Buffer.isBuffer(data)) chunk = data;
    else {
      const bytes = bytesOf(data, this.request.readableEncoding);
      if (bytes === undefined) {
        this.#finish(unreadable(), undefined);
        return;
      }
      chunk = bytes.bytes;
      this.#isExact &&= bytes.isExact;
    }
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

  #whole(): Bytes {
    const bytes = this.#more === undefined ? (this.#first ?? EMPTY) : Buffer.concat(this.#more, this.#length);
    return { bytes, isExact: this.#isExact };
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
  onEndOfTurn(): void {
    if (this.#isDone) return;
    const { request, limits } = this;
    if (request.readableEnded) this.#finish(undefined, this.#whole());
    else if (request.destroyed) this.#finish(undefined, undefined);
    else {
      this.#listen();
      this.#timer = setTimeout(
        () => this.#finish(bodyTimeout(limits.timeoutMs), undefined),
        limits.timeoutMs - (performance.now() - limits.startedAt),
      );
    }
  }

  #finish(error: AirudderError | undefined, body: Bytes | undefined): void {
    if (this.#isDone) return;
    this.#isDone = true;
    this.#first = this.#more = undefined;
    clearTimeout(this.#timer);
    this.done(error, body);
  }
}

/**
 * Waits until other middleware has read the body, within the same time limit.
 * @param done called once; without an error if the body has ended or the sender has disconnected
 */
export function awaitEnd(
  request: IncomingMessage,
  limits: BodyLimits,
  done: (error: AirudderError | undefined) => void,
): void {
  const finish = (error?: AirudderError): void => {
    clearTimeout(timer);
    request.off("end", onEnd).off("close", onEnd);
    done(error);
  };
  const onEnd = (): void => finish();
  const timer = setTimeout(
    () => finish(bodyTimeout(limits.timeoutMs)),
    limits.timeoutMs - (performance.now() - limits.startedAt),
  );
  request.on("end", onEnd).on("close", onEnd).on("error", ignore);
}

function bodyTimeout(timeoutMs: number): AirudderError {
  return new AirudderError("body_timeout", `The body did not arrive within ${timeoutMs} ms.`);
}

function unreadable(): AirudderError {
  return new AirudderError("body_already_consumed", "The request's stream contains neither bytes nor text.", {
    hint: "Earlier middleware replaced the request's stream. Mount the receiver before it.",
  });
}

/** A request that breaks off emits its error also after we have stopped listening; unheard it would end the process. */
function ignore(): void {}
