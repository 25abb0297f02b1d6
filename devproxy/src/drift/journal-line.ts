import { type ParsedLine, parseLine } from "airudder-webhooks/journal";
import type { RecordedPush } from "./pushes.js";

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * Returns the push of a line that contains a JSON object, which is a payload or a journal record. Returns `undefined` for a record
 * without a push.
 * @param value the parsed line
 * @param fallback label and time of a payload, which contains neither
 */
export function pushOfLine(
  value: Record<string, unknown>,
  line: Buffer,
  fallback: { label: string; at: string },
): RecordedPush | undefined {
  const parsed = typeof value.kind === "string" ? parseJournalLine(line) : undefined;
  if (parsed === undefined) return { ...fallback, headers: {}, body: line };
  const { head, content } = parsed;
  if (head.kind !== "push") return undefined;
  if (content === undefined) return { ...fallback, headers: {}, body: line };
  return {
    label: `#${head.seq}`,
    at: head.at ?? fallback.at,
    type: head.type,
    isReplay: head.replay !== undefined,
    headers: content.headers,
    body: content.body,
  };
}

/** `undefined` if the line is a payload, which may have a field `kind` too. */
function parseJournalLine(line: Buffer): ParsedLine | undefined {
  try {
    return parseLine(new TextDecoder().decode(line)); // skips a byte order mark
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
