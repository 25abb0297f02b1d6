import { JsonText, jsonTokens } from "../privacy/index.js";

/**
 * Characters that are invisible or change the direction of text, lone surrogates, and the variation selectors that can encode hidden text.
 * Line breaks, tabs and the joiners of scripts and emoji are not included.
 */
const HIDDEN = /(?![\t\n\r\u200c\u200d])(?:[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]|[\u{e0100}-\u{e01ef}])/gu;

/** A text with `\uXXXX` or `\u{XXXXX}` in place of characters that a reader could not see. */
export function visible(text: string): string {
  return text.replace(HIDDEN, (character) => {
    const hex = (character.codePointAt(0) as number).toString(16);
    return hex.length > 4 ? `\\u{${hex}}` : `\\u${hex.padStart(4, "0")}`;
  });
}

/** A JSON text whose strings are visible after it is parsed. Numbers, duplicate keys and all other strings stay as they are. */
export function visibleJson({ text }: JsonText): JsonText {
  return new JsonText(Array.from(jsonTokens(text), ({ text: token }) => visibleToken(token)).join(""));
}

function visibleToken(token: string): string {
  if (!token.startsWith('"')) return token;
  const value = JSON.parse(token) as string;
  const shown = visible(value);
  return shown === value ? token : JSON.stringify(shown);
}
