import type { HeaderMap } from "airudder-webhooks/journal";
import { RECORDED_PUSH_HEADER, TEST_PUSH_HEADER } from "./test-push.js";

/** Hop-by-hop headers (RFC 9110), `expect`, and `content-length`, which is recalculated. */
const HOP_BY_HOP_HEADERS = new Set([
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "expect",
  "content-length",
]);

/** Headers between the commands, the dev proxy and the middleware. They are removed from public requests and responses. */
const INTERNAL_HEADERS = new Set([
  "airudder-devproxy",
  "airudder-replay",
  "airudder-outcome",
  TEST_PUSH_HEADER,
  RECORDED_PUSH_HEADER,
]);

/**
 * The headers to forward: all except the hop-by-hop and the internal ones. Names are in lower case: those of imported pushes may not be, and
 * must not pass the filter, or appear twice.
 */
export function endToEndHeaders(headers: HeaderMap): HeaderMap {
  const all = withLowerCaseNames(headers);
  const named = String(all.connection ?? "")
    .split(",")
    .map((name) => name.trim().toLowerCase());
  return Object.fromEntries(
    Object.entries(all).filter(
      ([name]) => !HOP_BY_HOP_HEADERS.has(name) && !INTERNAL_HEADERS.has(name) && !named.includes(name),
    ),
  );
}

/** Combines the values of names that differ only in case. */
function withLowerCaseNames(headers: HeaderMap): HeaderMap {
  // As Node.js parses them.
  if (Object.keys(headers).every((name) => name === name.toLowerCase())) return headers;
  const values = new Map<string, string | string[]>();
  for (const [name, value] of Object.entries(headers)) {
    const lowerCase = name.toLowerCase();
    const other = values.get(lowerCase);
    values.set(lowerCase, other === undefined ? value : [other, value].flat());
  }
  return Object.fromEntries(values);
}

/** Removes the internal headers from those of a request or response. */
export function removeInternalHeaders(headers: NodeJS.Dict<string | string[]>): void {
  for (const name of INTERNAL_HEADERS) delete headers[name];
}

/** The headers of a push as they are sent to the app. */
export function forwardedHeaders(headers: HeaderMap, request: ForwardedRequest): HeaderMap {
  const forwarded = endToEndHeaders(headers);
  const { host } = withLowerCaseNames(headers);
  if (host !== undefined && forwarded["x-forwarded-host"] === undefined) forwarded["x-forwarded-host"] = host;
  forwarded.host = request.host;
  forwarded["airudder-devproxy"] = "1";
  if (request.token !== undefined) forwarded["airudder-token"] = request.token;
  if (request.replay !== undefined) forwarded["airudder-replay"] = request.replay;
  const hasBody = request.size > 0 || (request.method !== "GET" && request.method !== "HEAD");
  if (hasBody) forwarded["content-length"] = String(request.size);
  return forwarded;
}

interface ForwardedRequest {
  method: string;
  /** The value of `host`. */
  host: string;
  /** Size of the body, bytes. */
  size: number;
  /** The value of `airudder-replay`. Default: not a replay. */
  replay?: string | undefined;
  /** The token that the app requires. */
  token?: string | undefined;
}

/** Casts headers of `node:http` to the type that the journal uses. */
export function headerMap(headers: NodeJS.Dict<string | string[]>): HeaderMap {
  return headers as HeaderMap;
}
