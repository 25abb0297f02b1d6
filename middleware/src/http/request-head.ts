import { AirudderError, tooLarge } from "../errors.js";
import { removeToken } from "./token.js";

/** The parts of a request that precede its body. */
interface RequestHead {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly headers: { readonly [name: string]: string | string[] | undefined };
}

const JSON_TYPE = /^(?:application\/(?:[\w.+-]+\+)?json|text\/json)$/;
const UTF8 = /^"?(?:utf-?8|us-ascii)"?$/;
const ENCODINGS = ["identity", "gzip", "x-gzip", "deflate", "br"];

/**
 * Checks the method, content type, content encoding, length and token of a request, before its body is read.
 * @returns the URL without the token
 * @throws AirudderError if a check fails
 */
export function checkRequestHead(
  { method, url, headers }: RequestHead,
  settings: { token: string | undefined; maxBodyBytes: number },
): string {
  if (method !== "POST") {
    throw new AirudderError("method_not_allowed", "Only POST is accepted here.");
  }
  checkContentType(joinValues(headers["content-type"]));
  const contentEncoding = joinValues(headers["content-encoding"]);
  if (contentEncoding !== undefined && !ENCODINGS.includes(contentEncoding.toLowerCase())) {
    throw new AirudderError(
      "unsupported_encoding",
      "The content encoding is not supported. Supported: gzip, deflate, br, identity.",
    );
  }
  const contentLength = headers["content-length"];
  if (contentLength !== undefined && Number(contentLength) > settings.maxBodyBytes)
    throw tooLarge(settings.maxBodyBytes);
  return removeToken(url ?? "/", headers["airudder-token"], settings.token);
}

/**
 * Rejects a replay.
 * @throws AirudderError `replay_not_allowed`
 */
export function rejectReplay(): never {
  throw new AirudderError("replay_not_allowed", "Replays are not accepted here.", {
    hint: "By default, replays are accepted only from loopback addresses, and never if NODE_ENV starts with prod. Set allowReplays: true to accept them from every peer.",
  });
}

function joinValues(value: string | string[] | undefined): string | undefined {
  return typeof value === "object" ? value.join(", ") : value;
}

/** A request without a content type is read as JSON, because some examples in the vendor's docs have none. */
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
