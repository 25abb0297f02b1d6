import { AirudderError } from "../errors.js";
import { equalsInConstantTime } from "../push/sign.js";

const TOKEN_PATH = /^(.*?)\/t\/([^/?]+)\/?$/;

/**
 * Checks the token of a request and removes it from the URL. The rest of the URL is not changed. A request carries the token as
 * `?token=…`, at the end of the path as `/t/…`, or in the header `Airudder-Token`.
 * @param header value of the header `Airudder-Token`
 * @param token the expected token. Without one nothing is checked, but a `token` in the query is still removed.
 * @returns the URL without the token
 * @throws AirudderError `bad_token`
 */
export function removeToken(url: string, header: string | string[] | undefined, token: string | undefined): string {
  if (token === undefined && !url.includes("=")) return url;
  const start = url.indexOf("?");
  const path = start < 0 ? url : url.slice(0, start);
  const query = start < 0 ? undefined : url.slice(start + 1);
  const inQuery = query === undefined ? undefined : readQuery(query, token);
  const inPath = token === undefined ? undefined : readPath(path, token);
  if (token !== undefined) {
    const given = [
      ...(inQuery?.values ?? []),
      ...(inPath?.values ?? []),
      ...(typeof header === "string" ? [header] : []),
    ];
    checkToken(given, token);
  }
  const rest = inQuery === undefined ? query : inQuery.rest;
  return (inPath?.rest ?? path) + (rest === undefined || (rest === "" && query !== "") ? "" : `?${rest}`);
}

function checkToken(given: readonly string[], token: string): void {
  if (given.some((value) => equalsInConstantTime(value, token))) return;
  const isMissing = given.length === 0;
  throw new AirudderError("bad_token", `The token is ${isMissing ? "missing" : "wrong"}.`, {
    hint: isMissing
      ? "Append ?token=… or /t/… to the URL given to Airudder, or send the header Airudder-Token."
      : "Compare the option token with the URL given to Airudder. In a URL, encode the token with encodeURIComponent.",
  });
}

/** The values that a text in a URL can stand for: unchanged, percent-decoded, and percent-decoded with + as a space. */
function decodings(raw: string): string[] {
  const values = [raw];
  for (const text of [raw, raw.replaceAll("+", " ")]) {
    try {
      values.push(decodeURIComponent(text));
    } catch {
      // Not percent-encoded.
    }
  }
  return values;
}

/** The values of `token` in a query, and the query without them. The other parameters keep their exact bytes. */
function readQuery(query: string, token: string | undefined): { values: string[]; rest: string } {
  const parts = query.split("&");
  const values: string[] = [];
  const rest: string[] = [];
  for (let i = 0; i < parts.length; i++) {
    const part = parts[i] as string;
    const [name = ""] = part.split("=", 1);
    if (!decodings(name).includes("token")) {
      rest.push(part);
      continue;
    }
    const value = part.slice(name.length + 1);
    const remainder = parts
      .slice(i)
      .join("&")
      .slice(name.length + 1);
    // The token contains an & that the sender did not encode.
    const isUnencoded = token?.includes("&") && (remainder === token || remainder.startsWith(`${token}&`));
    if (isUnencoded) {
      values.push(token as string);
      i += (token as string).split("&").length - 1;
    } else values.push(...decodings(value));
  }
  return { values, rest: rest.join("&") };
}

/** The possible tokens after `/t/` at the end of a path. `rest` is the path without the token. If none matches, `rest` is the whole path. */
function readPath(path: string, token: string): { values: string[]; rest: string } | undefined {
  const match = TOKEN_PATH.exec(path);
  if (match === null) return undefined;
  const [, mount = "", raw = ""] = match;
  const values = decodings(raw);
  const isToken = values.some((value) => equalsInConstantTime(value, token));
  return { values, rest: !isToken ? path : mount === "" ? "/" : mount };
}
