import { parsePush } from "airudder-webhooks";
import { describePush } from "airudder-webhooks/inspect";
import type { Content } from "airudder-webhooks/journal";
import type { Row } from "../journal/index.js";
import { isValidJson, JsonText, jsonTokens, type Redactor } from "../privacy/index.js";

/**
 * Replaces the placeholders in a text that a user has edited with the values that they stand for in the recorded push, so that a user can
 * edit a push without revealing its personal data. Other parts of the text do not change.
 */
export function restorePlaceholders(
  text: string,
  { push }: Row,
  { headers, body }: Content,
  redactor: Redactor,
): string {
  if (!isValidJson(text)) return text;
  const redacted = redactor.push(describePush(body, headers, push), body, headers);
  if (!(redacted instanceof JsonText)) return text;
  const values = valuesOf(
    redacted.text,
    parsePush(body, headers)
      .raw.toString()
      .replace(/^\ufeff/, ""),
  );
  if (values.size === 0) return text;
  let restored = "";
  let end = 0;
  for (const { text: token, start, end: tokenEnd } of jsonTokens(text)) {
    const value = values.get(token);
    if (value === undefined) continue;
    restored += text.slice(end, start) + value;
    end = tokenEnd;
  }
  return restored + text.slice(end);
}

/** The recorded token of each placeholder. Empty if the structures differ, because redaction replaced a part that is nested too deeply. */
function valuesOf(redacted: string, recorded: string): ReadonlyMap<string, string> {
  const placeholders = Array.from(jsonTokens(redacted), ({ text }) => text);
  const tokens = Array.from(jsonTokens(recorded), ({ text }) => text);
  const values = new Map<string, string>();
  if (placeholders.length !== tokens.length) return values;
  for (const [i, placeholder] of placeholders.entries())
    if (placeholder !== tokens[i] && !values.has(placeholder)) values.set(placeholder, tokens[i] as string);
  return values;
}
