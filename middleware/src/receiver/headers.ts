import type { HeaderMap } from "../journal/index.js";

/** They describe the body, and a replay needs them unchanged. No proxy copies a URL into them. A short token may occur in them by chance. */
const OF_THE_BODY: ReadonlySet<string> = new Set(["content-type", "content-encoding", "content-length"]);

/**
 * The headers to store, with `[token]` in place of the token. Proxies copy the request's URL, which may contain the token, into headers such
 * as `X-Original-URI` and `Referer`. The headers that describe the body stay unchanged.
 * @param token the receiver's token, if it has one
 */
export function redactToken(headers: HeaderMap, token: string | undefined): HeaderMap {
  if (token === undefined) return headers;
  const encodings = [...new Set([token, encodeURIComponent(token), encodeURI(token)])];
  const containsToken = (value: string | string[]): boolean =>
    typeof value === "string" ? encodings.some((encoding) => value.includes(encoding)) : value.some(containsToken);
  if (!Object.values(headers).some(containsToken)) return headers;
  const replace = (value: string): string =>
    encodings.reduce((text, encoding) => text.replaceAll(encoding, "[token]"), value);
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name,
      OF_THE_BODY.has(name) ? value : typeof value === "string" ? replace(value) : value.map(replace),
    ]),
  );
}
