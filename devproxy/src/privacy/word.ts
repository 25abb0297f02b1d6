const WORD = /^[A-Za-z][A-Za-z0-9 _.-]{0,39}$/;

/** Whether a text looks like a word of a vocabulary, such as a status. */
export function isWord(text: string): boolean {
  return WORD.test(text);
}
