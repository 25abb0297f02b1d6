import type { HeaderMap } from "../journal/index.js";

/**
 * The headers to store. Proxies put the request's URL into headers such as `X-Original-URI` and `Referer`: the token in it is replaced.
 * @param token the receiver's token, if it has one
 */
export function withoutToken(headers: HeaderMap, token: string | undefined): HeaderMap {
  if (token === undefined) return headers;
  const forms = [...new Set([token, encodeURIComponent(token), encodeURI(token)])];
  const holdsToken = (value: string | string[]): boolean =>
    typeof value === "string" ? forms.some((form) => value.includes(form)) : value.some(holdsToken);
  if (!Object.values(headers).some(holdsToken)) return headers;
  const replace = (value: string): string => forms.reduce((text, form) => text.replaceAll(form, "[token]"), value);
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name,
      typeof value === "string" ? replace(value) : value.map(replace),
    ]),
  );
}
