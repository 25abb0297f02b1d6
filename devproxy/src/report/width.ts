/** Characters that take no column: combining marks, joiners, variation selectors, and the vowels and finals of Hangul. */
const ZERO_WIDTH = /[\p{Mn}\p{Me}\p{Cf}\u1160-\u11ff]/u;

/** Characters that take two columns: East Asian wide and fullwidth ones, and emoji. */
const WIDE =
  /[\u1100-\u115f\u231a\u231b\u2329\u232a\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe10-\ufe19\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{16fe0}-\u{18cff}\u{1b000}-\u{1b2ff}\u{1f200}-\u{1f2ff}\u{20000}-\u{3fffd}\p{Emoji_Presentation}]/u;

const IS_ASCII = /^[\x20-\x7e]*$/;

/** After a character that is narrow as text, it requests the emoji, which takes two columns. */
const EMOJI_SELECTOR = "\ufe0f";

/**
 * Columns that a text takes in a terminal. Terminals do not agree on emoji that consist of several characters: the result is the maximum. The
 * text must not contain control characters.
 */
export function displayWidth(text: string): number {
  if (IS_ASCII.test(text)) return text.length;
  let width = 0;
  for (const { columns } of characters(text)) width += columns;
  return width;
}

/** A text that takes at most a number of columns. A longer one ends with an ellipsis. */
export function fitWidth(text: string, max: number): string {
  if (max <= 0) return "";
  if (text.length <= max && IS_ASCII.test(text)) return text;
  if (displayWidth(text) <= max) return text;
  let fitted = "";
  let width = 0;
  for (const { character, columns } of characters(text)) {
    if (width + columns > max - 1) break;
    fitted += character;
    width += columns;
  }
  return `${fitted}…`;
}

/** A text with spaces at its end, or before it, up to a number of columns. */
export function padWidth(text: string, width: number, alignRight = false): string {
  const space = " ".repeat(Math.max(0, width - displayWidth(text)));
  return alignRight ? space + text : text + space;
}

/** A text as lines of at most a number of columns, broken at spaces. A longer word takes a line of its own. */
export function wrapWords(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    const longer = line === "" ? word : `${line} ${word}`;
    if (line !== "" && displayWidth(longer) > width) {
      lines.push(line);
      line = word;
    } else line = longer;
  }
  return [...lines, line];
}

function* characters(text: string): Generator<{ character: string; columns: number }> {
  let previous = 0;
  for (const character of text) {
    let columns = ZERO_WIDTH.test(character) ? 0 : WIDE.test(character) ? 2 : 1;
    if (character === EMOJI_SELECTOR && previous === 1) columns = 1;
    previous = columns;
    yield { character, columns };
  }
}
