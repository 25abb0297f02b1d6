/** A position in a text, from 1. */
export interface TextPosition {
  line: number;
  column: number;
}

const SPACE = /[ \t\n\r]*/y;
/** A part of a string. It is limited, because the engine uses memory for each repetition. */
const STRING_PART = /(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[\da-fA-F]{4})){1,10000}/y;
const SCALAR = /(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)/y;

/**
 * Where a text stops being valid JSON; `undefined` if it is valid. Needed because the messages of `JSON.parse` differ between versions of
 * Node.js, and some of them name no position.
 */
export function jsonErrorPosition(text: string): TextPosition | undefined {
  const offset = errorOffset(text);
  if (offset === undefined) return undefined;
  const before = text.slice(0, offset).split("\n");
  return { line: before.length, column: (before.at(-1) as string).length + 1 };
}

function errorOffset(text: string): number | undefined {
  let at = 0;
  const skip = (pattern: RegExp): boolean => {
    pattern.lastIndex = at;
    const matches = pattern.test(text);
    if (matches) at = pattern.lastIndex;
    return matches;
  };
  const skipWord = (word: string): boolean => {
    const matches = text.startsWith(word, at);
    if (matches) at += word.length;
    return matches;
  };
  /** If the string is not valid, skips its valid part: `at` is where it stops being valid. */
  const skipString = (): boolean => {
    if (!skipWord('"')) return false;
    while (skip(STRING_PART));
    return skipWord('"');
  };
  const skipKey = (): boolean => {
    if (!skipString()) return false;
    skip(SPACE);
    return skipWord(":");
  };
  /** The closing brackets of the objects and lists that are open. */
  const open: ("}" | "]")[] = [];
  let expectsValue = true;
  for (;;) {
    skip(SPACE);
    if (expectsValue) {
      expectsValue = false;
      const isObject = skipWord("{");
      if (isObject || skipWord("[")) {
        const end = isObject ? "}" : "]";
        skip(SPACE);
        if (skipWord(end)) continue;
        open.push(end);
        if (isObject && !skipKey()) return at;
        expectsValue = true;
      } else if (text[at] === '"' ? !skipString() : !skip(SCALAR)) return at;
      continue;
    }
    const end = open.at(-1);
    if (end === undefined) return at === text.length ? undefined : at;
    if (skipWord(end)) open.pop();
    else if (skipWord(",")) {
      skip(SPACE);
      if (end === "}" && !skipKey()) return at;
      expectsValue = true;
    } else return at;
  }
}
