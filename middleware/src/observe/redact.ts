/** Maximum length of a redacted text. Longer texts are cut first. */
const MAX_LENGTH = 2_000;

const EMAIL = /[\w.+-]{1,64}(?:@|%40)[\w-]{1,63}(?:\.[\w-]{1,63})+/g;
/** A phone number: at least seven digits, with or without separators. */
const PHONE = /(?<![\w])\+?\(?\d(?:[\s().-]{0,2}\d){6,}(?![\w])/g;

/**
 * Redacts personal data in a text. Replaces values of the payload, and anything that looks like an e-mail address or a phone number, by
 * placeholders.
 */
export function redact(text: string, payload: unknown): string {
  return replacePersonalData(text.slice(0, MAX_LENGTH), payload, PHONE, (kind) =>
    kind === "digits" ? "[phone]" : `[${kind}]`,
  );
}

/** Minimum length of a value that is replaced anywhere. A shorter one is replaced only as a whole word. */
const MIN_ANYWHERE = 4;
/** Minimum length of a single word that is replaced. Shorter words occur in every message. */
const MIN_WORD = 3;
/** Maximum number of words in a value, such as a name or an address, whose words are also replaced one by one. */
const MAX_WORDS = 5;
/** Minimum number of letters in a replaced part of a longer value. The part has at least two words. */
const MIN_PART = 8;
/** Minimum length of a number whose parts are replaced too. */
const MIN_NUMBER = 5;
/** Limits the time that a large payload can take. */
const MAX_VALUES = 20_000;

const WORDS = /[\p{L}\p{N}']+/gu;
const FIELD_NAME = /^[A-Za-z_][\w -]{0,63}$/;

/** Returns the placeholder of a value. */
export type Replace = (kind: "value" | "email" | "digits", value: string) => string;

/**
 * Replaces personal data in a text:
 *
 * - values of the payload: in any case, JSON-escaped, URL-encoded or as formatted numbers
 * - parts of these values: words of names and addresses, parts of sentences, parts of long numbers
 * - e-mail addresses
 * - runs of digits, such as phone numbers
 * @param digits the runs of digits to replace; needs the flag `g`
 */
export function replacePersonalData(text: string, payload: unknown, digits: RegExp, replace: Replace): string {
  const strings = payloadStringsOf(payload);
  // Until the end, the text contains the index of each placeholder instead of its characters. So no value is found in a placeholder.
  const placeholders: string[] = [];
  const addPlaceholder = (kind: Parameters<Replace>[0], value: string): string =>
    `\u0000${placeholders.push(replace(kind, value)) - 1}\u0000`;
  const replaceForms = (part: string, isShort: boolean): string => {
    let changed = part;
    for (const [form, value] of strings.forms) {
      if (form.length < MIN_ANYWHERE !== isShort || !changed.toLowerCase().includes(form.toLowerCase())) continue;
      changed = changeOutsidePlaceholders(changed, (between) =>
        between.replace(patternOf(form), () => addPlaceholder("value", value)),
      );
    }
    return changed;
  };
  let rest = replaceForms(text.replaceAll("\u0000", " "), false);
  rest = changeOutsidePlaceholders(rest, (part) => part.replace(EMAIL, (match) => addPlaceholder("email", match)));
  rest = changeOutsidePlaceholders(rest, (part) => part.replace(digits, (match) => addPlaceholder("digits", match)));
  rest = replaceForms(rest, true);
  rest = changeOutsidePlaceholders(rest, (part) =>
    replaceParts(part, strings.pairs, (match) => addPlaceholder("value", match)),
  );
  rest = changeOutsidePlaceholders(rest, (part) =>
    part.replace(/\d{3,}/g, (run) => (strings.digits.includes(run) ? addPlaceholder("value", run) : run)),
  );
  return rest.replace(/\u0000(\d+)\u0000/g, (_, index) => placeholders[Number(index)] as string);
}

/** Changes the text between the placeholders. */
function changeOutsidePlaceholders(text: string, change: (part: string) => string): string {
  const parts = text.split(/(\u0000\d+\u0000)/);
  return parts.map((part, i) => (i % 2 === 0 ? change(part) : part)).join("");
}

function patternOf(form: string): RegExp {
  const text = form.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&").replace(/\s+/g, "\\s+");
  return form.length < MIN_ANYWHERE ? new RegExp(`(?<![\\w])${text}(?![\\w])`, "gu") : new RegExp(text, "giu");
}

/** Replaces sequences of words that the payload also contains in this order. */
function replaceParts(text: string, pairs: ReadonlySet<string>, replace: (part: string) => string): string {
  const words = [...text.matchAll(WORDS)].map(({ 0: word, index }) => ({
    word,
    start: index,
    end: index + word.length,
  }));
  let replaced = "";
  let at = 0;
  for (let first = 0; first < words.length; ) {
    let last = first;
    while (last + 1 < words.length && pairs.has(pairOf(words[last]?.word, words[last + 1]?.word))) last++;
    const start = words[first]?.start ?? 0;
    const end = words[last]?.end ?? 0;
    const letters = words.slice(first, last + 1).reduce((sum, { word }) => sum + word.length, 0);
    if (last > first && letters >= MIN_PART) {
      replaced += text.slice(at, start) + replace(text.slice(start, end));
      at = end;
    }
    first = last + 1;
  }
  return replaced + text.slice(at);
}

function pairOf(one = "", other = ""): string {
  return `${one} ${other}`.toLowerCase();
}

/** The strings that reveal a payload if a text contains them. */
interface PayloadStrings {
  /** Each way to write a value, with that value. The longest form comes first, so that no part of a value remains. */
  forms: [form: string, value: string][];
  /** Pairs of adjacent words in values. */
  pairs: Set<string>;
  /** The digits of long numbers, separated by spaces. */
  digits: string;
}

/** Collects the values of a payload, and the keys that are not field names. */
function payloadStringsOf(payload: unknown): PayloadStrings {
  const forms = new Map<string, string>();
  const pairs = new Set<string>();
  const digits: string[] = [];
  const queue: unknown[] = [payload];
  const add = (value: string): void => {
    const text = value.trim();
    for (const form of [value, text, JSON.stringify(text).slice(1, -1), encoded(text)])
      if (form !== "" && !forms.has(form)) forms.set(form, text);
    const words = text.match(WORDS) ?? [];
    for (let i = 1; i < words.length && pairs.size < MAX_VALUES; i++) pairs.add(pairOf(words[i - 1], words[i]));
    if (words.length > 1 && words.length <= MAX_WORDS)
      for (const word of words) if (word.length >= MIN_WORD && !forms.has(word)) forms.set(word, text);
    const number = text.replace(/\D/g, "");
    if (number.length >= MIN_NUMBER && text.length < 64) digits.push(number);
  };
  for (let i = 0; i < queue.length && forms.size < MAX_VALUES; i++) {
    const value = queue[i];
    if (typeof value === "string") add(value);
    else if (typeof value === "number" || typeof value === "bigint") {
      add(String(value));
      if (Math.abs(Number(value)) >= 1000)
        for (const locale of ["en", "de"]) forms.set(value.toLocaleString(locale), String(value));
    } else if (Array.isArray(value)) for (const item of value) queue.push(item);
    else if (typeof value === "object" && value !== null) {
      for (const [key, child] of Object.entries(value)) {
        if (!FIELD_NAME.test(key) || /\d{5}/.test(key)) add(key);
        queue.push(child);
      }
    }
  }
  return { forms: [...forms].sort(([a], [b]) => b.length - a.length), pairs, digits: digits.join(" ") };
}

function encoded(text: string): string {
  try {
    return encodeURIComponent(text);
  } catch {
    return text;
  }
}
