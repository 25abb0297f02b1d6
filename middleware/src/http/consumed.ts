import type { IncomingMessage } from "node:http";
import { AirudderError } from "../errors.js";
import { checkObject } from "../push/parse.js";

/** A request as earlier middleware may have left it. */
export interface ParsedRequest extends IncomingMessage {
  body?: unknown;
  rawBody?: unknown;
  app?: { _router?: Router; router?: Router };
}

interface Router {
  stack?: { name?: string }[];
}

/** What an earlier parser left of a body. */
export interface Leftover {
  readonly raw: Buffer;
  /** Set when `raw` was made from it. */
  readonly payload?: object;
}

function bytesOf(value: unknown): Buffer | undefined {
  if (Buffer.isBuffer(value)) return value;
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  return typeof value === "string" ? Buffer.from(value) : undefined;
}

/** Whether the stream can still be read. */
export function isUnread(request: ParsedRequest): boolean {
  return !request.readableDidRead;
}

/** The exact bytes, where an earlier parser kept them; the stream need not be read then. */
export function keptBytes(request: ParsedRequest): Buffer | undefined {
  return bytesOf(request.rawBody);
}

/**
 * What an earlier parser left in `body`: its bytes, or an object from which bytes are made.
 * @throws AirudderError `not_an_object`, `body_already_consumed`
 */
export function leftover(request: ParsedRequest): Leftover {
  const bytes = bytesOf(request.body);
  if (bytes !== undefined) return { raw: bytes };
  if (request.body === undefined || request.body === null) throw consumed(request);
  const payload = checkObject(request.body);
  return { raw: Buffer.from(JSON.stringify(payload)), payload };
}

const PARSERS = /^(?:json|raw|text|urlencoded)Parser$|^multer|formidable|busboy|bodyParser/i;

/** A stream that was read cannot be read again: only the app can mend that, by another order. */
function consumed(request: ParsedRequest): AirudderError {
  const layers = (request.app?._router ?? safeRouter(request))?.stack ?? [];
  const own = layers.findIndex(({ name }) => name === "receiver");
  const stack = own < 0 ? layers : layers.slice(0, own);
  const parsers = stack.flatMap(({ name }) => (name !== undefined && PARSERS.test(name) ? [name] : []));
  const who = parsers.length > 0 ? parsers.join(" and ") : "an earlier body parser";
  return new AirudderError(
    "body_already_consumed",
    `The body was read by ${who} and not kept. Mount airudder before it.`,
    {
      hint: `Mount the receiver before ${who}, or let that parser keep the bytes in req.rawBody.`,
    },
  );
}

/** Express 4 throws when `app.router` is read. */
function safeRouter(request: ParsedRequest): Router | undefined {
  try {
    return request.app?.router;
  } catch {
    return undefined;
  }
}
