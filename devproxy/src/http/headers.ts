import type { HeaderMap } from "airudder-webhooks/journal";

/** Headers that concern one connection alone (RFC 9110), and those that we set ourselves. */
const CONNECTION_HEADERS = new Set([
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

/** Headers by which the dev proxy and the middleware talk: never taken from outside, never let out. */
const OWN_HEADERS = new Set(["airudder-devproxy", "airudder-replay", "airudder-outcome"]);

/** The headers that may travel on, without those of the connection and our own. */
export function endToEndHeaders(headers: HeaderMap): HeaderMap {
  const named = String(headers.connection ?? "")
    .split(",")
    .map((name) => name.trim().toLowerCase());
  const kept: HeaderMap = {};
  for (const [name, value] of Object.entries(headers)) {
    if (!CONNECTION_HEADERS.has(name) && !OWN_HEADERS.has(name) && !named.includes(name)) kept[name] = value;
  }
  return kept;
}

/** Removes our own headers from a message's. */
export function removeInternalHeaders(headers: NodeJS.Dict<string | string[]>): void {
  for (const name of OWN_HEADERS) delete headers[name];
}

/** The headers of a push as the app gets them. */
export function forwardedHeaders(headers: HeaderMap, request: ForwardedRequest): HeaderMap {
  const forwarded = endToEndHeaders(headers);
  if (headers.host !== undefined && forwarded["x-forwarded-host"] === undefined) {
    forwarded["x-forwarded-host"] = headers.host;
  }
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
  host: string;
  size: number;
  replay?: string | undefined;
  /** The token of the app. */
  token?: string | undefined;
}

/** The headers of a message of `node:http`. */
export function headerMap(headers: NodeJS.Dict<string | string[]>): HeaderMap {
  return headers as HeaderMap;
}
