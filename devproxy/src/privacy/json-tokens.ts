/** The tokens of a valid JSON text, in order, without white space. The stack stays constant at any nesting. */
export function* jsonTokens(text: string): Generator<string> {
  for (let from = 0; from < text.length; ) {
    const to = endOf(text, from);
    if (!SPACE.has(text[from] as string)) yield text.slice(from, to);
    from = to;
  }
}

const SPACE = new Set([" ", "\n", "\r", "\t"]);
const STRUCTURE = new Set(["{", "}", "[", "]", ",", ":"]);

function endOf(text: string, from: number): number {
  const first = text[from] as string;
  if (first === '"') return endOfString(text, from);
  if (STRUCTURE.has(first) || SPACE.has(first)) return from + 1;
  let to = from + 1;
  while (to < text.length && !STRUCTURE.has(text[to] as string) && !SPACE.has(text[to] as string)) to++;
  return to;
}

function endOfString(text: string, from: number): number {
  for (let quote = text.indexOf('"', from + 1); quote >= 0; quote = text.indexOf('"', quote + 1)) {
    let before = quote - 1;
    while (text[before] === "\\") before--;
    if ((quote - before) % 2 === 1) return quote + 1;
  }
  return text.length;
}
