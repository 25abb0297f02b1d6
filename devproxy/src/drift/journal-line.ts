import type { HeaderMap } from "airudder-webhooks/journal";
import type { RecordedPush } from "./pushes.js";

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * The push of a line: the line itself, or what it holds when it is a line of a journal; `undefined` for a journal's other lines.
 * @param otherwise what to call a push that is no line of a journal, and when it came
 */
export function pushOfLine(
  value: Record<string, unknown>,
  line: Buffer,
  otherwise: { label: string; at: string },
): RecordedPush | undefined {
  const { kind, push, version, seq, at, type, headers, encoding, body, replay } = value;
  if (kind === "push" && Number.isSafeInteger(seq) && typeof body === "string") {
    return {
      label: `#${seq}`,
      at: typeof at === "string" ? at : otherwise.at,
      ...(typeof type === "string" ? { type } : {}),
      isReplay: replay !== undefined,
      headers: isObject(headers) ? (headers as HeaderMap) : {},
      body: Buffer.from(body, encoding === "base64" ? "base64" : "utf8"),
    };
  }
  const isOtherLine =
    (kind === "segment" && typeof version === "number") ||
    ((kind === "delivery" || kind === "mark") && typeof push === "string");
  return isOtherLine ? undefined : { ...otherwise, headers: {}, body: line };
}
