import type { IncomingMessage } from "node:http";
import { AirudderError } from "../errors.js";
import { classOf } from "../observe/describe-error.js";
import { checkObject } from "../push/parse.js";
import { type BodyBytes, bytesOf } from "./body.js";

/** A request with the properties that Express and earlier middleware may have added. */
export interface ParsedRequest extends IncomingMessage {
  body?: unknown;
  rawBody?: unknown;
  app?: { _router?: Router; router?: Router };
}

interface Router {
  stack?: { name?: string }[];
}

/** The bytes of a body, and its parsed form if an earlier parser kept only that. */
export interface ParsedBody extends BodyBytes {
  /** The parsed object, if the bytes were re-serialised from it. */
  readonly payload?: object;
}

/** Whether nothing has read the stream. */
export function isUnread(request: ParsedRequest): boolean {
  return !request.readableDidRead;
}

/** Whether earlier middleware still collects the body in `rawBody`. */
export function isRawBodyIncomplete(request: ParsedRequest): boolean {
  return (
    (typeof request.rawBody === "string" || request.rawBody instanceof Uint8Array) &&
    request.readableDidRead &&
    !request.readableEnded &&
    !request.destroyed &&
    request.listenerCount("data") > 0
  );
}

/**
 * The bytes in `rawBody`, where some parsers store them; `undefined` if there are none. An empty `rawBody` of an unread stream counts as none:
 * no parser has filled it.
 */
export function readRawBody(request: ParsedRequest): BodyBytes | undefined {
  const stored = bytesOf(request.rawBody);
  return stored?.bytes.length === 0 && isUnread(request) ? undefined : stored;
}

/**
 * The body that an earlier parser left in `request.body`. An object is re-serialised.
 * @throws AirudderError `not_an_object`, `body_already_consumed`
 */
export function readParsedBody(request: ParsedRequest): ParsedBody {
  const body = readBodyProperty(request);
  const bytes = bytesOf(body);
  if (bytes !== undefined) return bytes;
  if (body === undefined || body === null) throw alreadyConsumed(request, "and not kept");
  const payload = checkObject(body);
  return { bytes: Buffer.from(stringify(request, payload)), isExact: false, payload };
}

/** `request.body` may be a getter that throws. */
function readBodyProperty(request: ParsedRequest): unknown {
  try {
    return request.body;
  } catch (error) {
    throw alreadyConsumed(request, `and req.body cannot be read (${classOf(error)})`);
  }
}

/** A parsed object as JSON. Fails for example for a BigInt, a very deep object or a custom `toJSON`. */
function stringify(request: ParsedRequest, payload: object): string {
  let json: unknown;
  try {
    json = JSON.stringify(payload);
  } catch (error) {
    throw alreadyConsumed(request, `and req.body cannot be serialised as JSON (${classOf(error)})`);
  }
  if (typeof json !== "string") throw alreadyConsumed(request, "and req.body cannot be serialised as JSON");
  return json;
}

/** Function names of common body parsers. */
const PARSER_NAME = /^(?:json|raw|text|urlencoded)Parser$|^multer|formidable|busboy|bodyParser/i;

/** The stream cannot be read twice. Only the app can fix this, by mounting the receiver first. */
function alreadyConsumed(request: ParsedRequest, reason: string): AirudderError {
  const parser = parsersBefore(request);
  return new AirudderError(
    "body_already_consumed",
    `The body was read by ${parser} ${reason}. Mount the receiver before every body parser.`,
    {
      hint: `The body was read by ${parser}. Mount the receiver before every body parser, or let the parser store the bytes in req.rawBody.`,
    },
  );
}

/** Names the body parsers that Express runs before the receiver, for error messages. */
function parsersBefore(request: ParsedRequest): string {
  const layers = routerOf(request)?.stack;
  if (!Array.isArray(layers)) return "an earlier body parser";
  const receiverIndex = layers.findIndex((layer) => layer?.name === "receiver");
  const before = receiverIndex < 0 ? layers : layers.slice(0, receiverIndex);
  const parsers = before.flatMap((layer) =>
    typeof layer?.name === "string" && PARSER_NAME.test(layer.name) ? [layer.name] : [],
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
