/** A token of a JSON text: its text, and where it is. */
export interface JsonToken {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

const SPACE = new Set([" ", "\n", "\r", "\t"]);
const STRUCTURE = new Set(["{", "}", "[", "]", ",", ":"]);

/**
 * The tokens of a valid JSON text, in order, without white space. Not recursive: a deeply nested text does not overflow the stack.
 * @param start index of the first token or the white space before it
 */
export function* jsonTokens(text: string, start = 0): Generator<JsonToken> {
  for (let from = start; from < text.length; ) {
    const end = tokenEnd(text, from);
    if (!SPACE.has(text[from] as string)) yield { text: text.slice(from, end), start: from, end };
    from = end;
  }
}

function tokenEnd(text: string, start: number): number {
  const first = text[start] as string;
  if (first === '"') return stringEnd(text, start);
  if (STRUCTURE.has(first) || SPACE.has(first)) return start + 1;
  let end = start + 1;
  while (end < text.length && !STRUCTURE.has(text[end] as string) && !SPACE.has(text[end] as string)) end++;
  return end;
}

function stringEnd(text: string, start: number): number {
  for (let quote = text.indexOf('"', start + 1); quote >= 0; quote = text.indexOf('"', quote + 1)) {
    let before = quote - 1;
    while (text[before] === "\\") before--;
    // After an even number of backslashes, the quote is not escaped.
    if ((quote - before) % 2 === 1) return quote + 1;
  }
  return text.length;
}

/** Maximum indentation, in levels. Deeper levels stay on the line where they start. */
const MAX_INDENT = 64;

/** A JSON document as text, so that numbers, duplicate keys and escapes are printed unchanged. */
export class JsonText {
  /** @param text valid JSON */
  constructor(readonly text: string) {}

  /** The text in lines, indented by two spaces. */
  pretty(): string {
    const out: string[] = [];
    let depth = 0;
    let previous = "";
    const line = () => (depth > MAX_INDENT ? "" : `\n${"  ".repeat(depth)}`);
    for (const { text: token } of jsonTokens(this.text)) {
      if (token === "}" || token === "]") {
        const isTooDeep = depth > MAX_INDENT;
        depth--;
        if (previous !== "{" && previous !== "[" && !isTooDeep) out.push(line());
      } else if (previous === "{" || previous === "[" || previous === ",") out.push(line());
      else if (previous === ":") out.push(" ");
      if (token === "{" || token === "[") depth++;
      out.push(token);
      previous = token;
    }
    return out.join("");
  }

  /** The text on one line. */
  compact(): string {
    return Array.from(jsonTokens(this.text), ({ text }) => text).join("");
  }

  /** The parsed value, for `JSON.stringify`; numbers beyond a double's precision change. */
  toJSON(): unknown {
    return JSON.parse(this.text);
  }
}

/** Whether a text is valid JSON. */
export function isValidJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
