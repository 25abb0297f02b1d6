import type { IncomingMessage } from "node:http";
import { AirudderError, tooLarge } from "../errors.js";

/** Told once: the bytes, an error to answer, or neither when the sender has gone. */
export type BodyDone = (error: AirudderError | undefined, body: Buffer | undefined) => void;

const EMPTY = Buffer.alloc(0);

/** Reads a request's body. Keeps at most `limit` bytes, for at most `timeoutMs`. */
export function readBody(request: IncomingMessage, limit: number, timeoutMs: number, done: BodyDone): void {
  let first: Buffer | undefined;
  let more: Buffer[] | undefined;
  let length = 0;

  const finish = (error: AirudderError | undefined, body: Buffer | undefined): void => {
    clearTimeout(timer);
    request.off("data", onData).off("end", onEnd).off("close", onClose);
    done(error, body);
  };
  const onData = (chunk: Buffer): void => {
    length += chunk.length;
    if (length > limit) finish(tooLarge(limit), undefined);
    else if (first === undefined) first = chunk;
    else if (more === undefined) more = [first, chunk];
    else more.push(chunk);
  };
  const onEnd = (): void => finish(undefined, more === undefined ? (first ?? EMPTY) : Buffer.concat(more, length));
  const onClose = (): void => finish(undefined, undefined);
  const timer = setTimeout(() => {
    finish(new AirudderError("body_timeout", `The body did not come within ${timeoutMs} ms.`), undefined);
  }, timeoutMs);

  request.on("data", onData).on("end", onEnd).on("close", onClose).on("error", ignore);
}

/** A request that breaks off emits its error also after we have stopped listening; unheard it would end the process. */
function ignore(): void {}
