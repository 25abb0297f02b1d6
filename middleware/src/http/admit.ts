import { AirudderError, tooLarge } from "../errors.js";
import { isEqual } from "../push/sign.js";

/** A request before its body is looked at. */
export interface RequestLine {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly contentType: string | undefined;
  readonly contentEncoding: string | undefined;
  readonly contentLength: string | undefined;
}

const JSON_TYPE = /^(?:application\/(?:[\w.+-]+\+)?json|text\/json)$/;
const UTF8 = /^"?(?:utf-?8|us-ascii)"?$/;
const ENCODINGS = ["identity", "gzip", "x-gzip", "deflate", "br"];

/**
 * What can be refused without reading the body, and is refused before any of it is kept.
 * @throws AirudderError of the answers table
 */
export function admit(request: RequestLine, settings: { token: string | undefined; maxBodyBytes: number }): void {
  if (request.method !== "POST") {
    throw new AirudderError("method_not_allowed", "Only POST is taken here.");
  }
  checkContentType(request.contentType);
  const { contentEncoding, contentLength } = request;
  if (contentEncoding !== undefined && !ENCODINGS.includes(contentEncoding.toLowerCase())) {
    throw new AirudderError("unsupported_encoding", "The content encoding is none of gzip, deflate, br and identity.");
  }
  if (contentLength !== undefined && Number(contentLength) > settings.maxBodyBytes)
    throw tooLarge(settings.maxBodyBytes);
  if (settings.token !== undefined) checkToken(request.url ?? "", settings.token);
}

/** Some pushes are documented without a content type: none is taken for JSON. */
function checkContentType(value: string | undefined): void {
  if (value === undefined || value === "" || value === "application/json") return;
  const [type = "", ...parameters] = value
    .toLowerCase()
    .split(";")
    .map((part) => part.trim());
  const charset = parameters.find((parameter) => parameter.startsWith("charset="))?.slice("charset=".length);
  if (JSON_TYPE.test(type) && (charset === undefined || UTF8.test(charset))) return;
  throw new AirudderError("unsupported_media_type", "The content type is not application/json in UTF-8.");
}

function checkToken(url: string, token: string): void {
  const query = url.indexOf("?");
  const given = query < 0 ? null : new URLSearchParams(url.slice(query + 1)).get("token");
  if (given !== null && isEqual(given, token)) return;
  throw new AirudderError("bad_token", "The token in the URL is missing or wrong.", {
    hint:
      given === null
        ? "The URL given to the vendor must end in ?token=…"
        : "Compare the token option with the URL given to the vendor.",
  });
}
