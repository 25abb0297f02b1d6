import type { IncomingMessage } from "node:http";
import { AirudderError } from "../errors.js";
import { classOf } from "../observe/describe-error.js";
import { checkObject } from "../push/parse.js";
import { type BodyBytes, bytesOf } from "./body.js";

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
export interface ParsedBody extends BodyBytes {
  /** The parsed object, if the bytes were serialised from it. */
  readonly payload?: object;
}

/** Whether the stream can still be read. */
export function isUnread(request: ParsedRequest): boolean {
  return !request.readableDidRead;
}

/** Whether earlier middleware is still collecting the body in `rawBody`. */
export function isCollecting(request: ParsedRequest): boolean {
  return (
    (typeof request.rawBody === "string" || request.rawBody instanceof Uint8Array) &&
    request.readableDidRead &&
    !request.readableEnded &&
    !request.destroyed &&
    request.listenerCount("data") > 0
  );
}

/** The bytes that an earlier parser kept in `rawBody`, so the stream need not be read. An empty string on an unread stream does not count. */
export function readRawBody(request: ParsedRequest): BodyBytes | undefined {
  const { rawBody } = request;
  const kept = bytesOf(rawBody);
  return kept?.bytes.length === 0 && isUnread(request) ? undefined : kept;
}

/**
 * What an earlier parser left in `body`: its bytes, or an object from which bytes are made.
 * @throws AirudderError `not_an_object`, `body_already_consumed`
 */
export function readParsedBody(request: ParsedRequest): ParsedBody {
  const body = readBodyProperty(request, "body");
  const bytes = bytesOf(body);
  if (bytes !== undefined) return bytes;
  if (body === undefined || body === null) throw alreadyConsumed(request, "and not kept");
  const payload = checkObject(body);
  return { bytes: Buffer.from(stringify(request, payload)), isExact: false, payload };
}

function readBodyProperty(request: ParsedRequest, name: "body"): unknown {
  try {
    return request[name];
  } catch (error) {
    throw alreadyConsumed(request, `and req.body cannot be read (${classOf(error)})`);
  }
}

/** The object of an earlier parser as JSON. Fails for example for a BigInt, a very deep value or a custom `toJSON`. */
function stringify(request: ParsedRequest, payload: object): string {
  let json: unknown;
  try {
    json = JSON.stringify(payload);
  } catch (error) {
    throw alreadyConsumed(request, `and what it left in req.body cannot be written as JSON again (${classOf(error)})`);
  }
  if (typeof json !== "string")
    throw alreadyConsumed(request, "and what it left in req.body cannot be written as JSON again");
  return json;
}

const PARSERS = /^(?:json|raw|text|urlencoded)Parser$|^multer|formidable|busboy|bodyParser/i;

/** The stream cannot be read twice. Only the app can fix this, by mounting the receiver first. */
function alreadyConsumed(request: ParsedRequest, what: string): AirudderError {
  const who = parsersOf(request);
  return new AirudderError("body_already_consumed", `The body was read by ${who} ${what}. Mount airudder before it.`, {
    hint: `Mount the receiver before ${who}, or let that parser keep the bytes in req.rawBody.`,
  });
}

function parsersOf(request: ParsedRequest): string {
  const layers = routerOf(request)?.stack;
  if (!Array.isArray(layers)) return "an earlier body parser";
  const own = layers.findIndex((layer) => layer?.name === "receiver");
  const stack = own < 0 ? layers : layers.slice(0, own);
  const parsers = stack.flatMap((layer) =>
    typeof layer?.name === "string" && PARSERS.test(layer.name) ? [layer.name] : [],
  );
  return parsers.length > 0 ? parsers.join(" and ") : "an earlier body parser";
}

/** Express 4 throws when `app.router` is read. */
function routerOf(request: ParsedRequest): Router | undefined {
  try {
    return request.app?._router ?? request.app?.router;
  } catch {
    return undefined;
  }
}
