import { isUtf8 } from "node:buffer";
import { AirudderError } from "../errors.js";

/**
 * Parses a body into its JSON object.
 * @throws AirudderError `empty_body`, `malformed_json`, `not_an_object`
 */
export function parseBody(raw: Buffer): object {
  if (raw.length === 0) throw new AirudderError("empty_body", "The body is empty; a JSON object is expected.");
  if (!isUtf8(raw)) throw new AirudderError("malformed_json", "The body is not valid UTF-8.");
  let payload: unknown;
  try {
    payload = JSON.parse(decode(raw));
  } catch {
    throw new AirudderError("malformed_json", "The body is not valid JSON.");
  }
  return checkObject(payload);
}

/** Decodes a body. Skips a byte order mark, which JSON.parse would reject. */
function decode(raw: Buffer): string {
  const hasByteOrderMark = raw[0] === 0xef && raw[1] === 0xbb && raw[2] === 0xbf;
  return raw.toString("utf8", hasByteOrderMark ? 3 : 0);
}

/**
 * Returns a parsed body if it is an object.
 * @throws AirudderError `not_an_object`
 */
export function checkObject(payload: unknown): object {
  if (typeof payload === "object" && payload !== null && !Array.isArray(payload)) return payload;
  throw new AirudderError("not_an_object", "The body is valid JSON, but not an object.");
}
