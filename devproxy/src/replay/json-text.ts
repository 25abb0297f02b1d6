/** White space of JSON. In a text with one character per byte, `\s` would also match bytes of other letters. */
const SPACE = /[ \t\r\n]/;
const SCALAR_END = /[ \t\r\n,\]}]/;
/** The byte order mark of UTF-8, one character per byte. */
const BYTE_ORDER_MARK = "\u00ef\u00bb\u00bf";

/** Where a value is in a JSON text: from the first to after the last character. */
export interface Span {
  start: number;
  end: number;
}

/**
 * Finds the value at `steps` in a valid JSON text, so that it can be replaced without a change of other bytes.
 * Of a name that comes twice the last one counts, as for `JSON.parse`.
 * @param text the JSON text, one character per byte (`latin1`), so that bytes which are not valid UTF-8 survive
 */
export function spanOf(text: string, steps: readonly string[]): Span | undefined {
  let span: Span = { start: skipSpace(text, 0), end: 0 };
  span.end = skipValue(text, span.start);
  for (const step of steps) {
    const inner = childOf(text, span, step);
    if (inner === undefined) return undefined;
    span = inner;
  }
  return span;
}

/** Where a field can be added to the object at `span`: behind its last one. `undefined` when no object is there. */
export function placeInObject(text: string, { start, end }: Span): { at: number; isFirst: boolean } | undefined {
  if (text[start] !== "{") return undefined;
  let at = end - 1;
  while (SPACE.test(text[at - 1] as string)) at--;
  return { at, isFirst: at === start + 1 };
}

function childOf(text: string, { start }: Span, step: string): Span | undefined {
  const isObject = text[start] === "{";
  if (!isObject && text[start] !== "[") return undefined;
  let found: Span | undefined;
  let at = skipSpace(text, start + 1);
  for (let place = 0; text[at] !== "}" && text[at] !== "]"; place++) {
    let name = String(place);
    if (isObject) {
      const end = skipValue(text, at);
      name = JSON.parse(Buffer.from(text.slice(at, end), "latin1").toString("utf8"));
      at = skipSpace(text, skipSpace(text, end) + 1);
    }
    const end = skipValue(text, at);
    if (name === step) found = { start: at, end };
    at = skipSpace(text, end);
    if (text[at] === ",") at = skipSpace(text, at + 1);
  }
  return found;
}

/** The end of the value that starts at `at`. */
function skipValue(text: string, at: number): number {
  const first = text[at];
  if (first === '"') return skipString(text, at);
  if (first !== "{" && first !== "[") {
    let end = at;
    while (end < text.length && !SCALAR_END.test(text[end] as string)) end++;
    return end;
  }
  let depth = 0;
  for (let end = at; end < text.length; end++) {
    const char = text[end];
    if (char === '"') end = skipString(text, end) - 1;
    else if (char === "{" || char === "[") depth++;
    else if ((char === "}" || char === "]") && --depth === 0) return end + 1;
  }
  return text.length;
}

function skipString(text: string, at: number): number {
  for (let end = at + 1; end < text.length; end++) {
    if (text[end] === "\\") end++;
    else if (text[end] === '"') return end + 1;
  }
  return text.length;
}

function skipSpace(text: string, at: number): number {
  let next = at === 0 && text.startsWith(BYTE_ORDER_MARK) ? BYTE_ORDER_MARK.length : at;
  while (SPACE.test(text[next] ?? "")) next++;
  return next;
}
