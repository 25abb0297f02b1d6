/** The side effects that `verify` showed: what changed between two of its outputs. */
export interface Effect {
  /** The change of each number, by its path in the output. Numbers in lists are added up. */
  readonly numbers: ReadonlyMap<string, number>;
  /** How often each text was added, by path and JSON text. */
  readonly texts: ReadonlyMap<string, number>;
}

/** Redacts what a description shows of an output of `verify`: the name of a field, or a text value. */
export type Redact = (text: string, kind: "name" | "value") => string;

/** Stable names for the ids of a run, by id. */
export type IdNames = ReadonlyMap<string, string>;

/** Differences of numbers below this are rounding errors. */
const EPSILON = 1e-6;
/** Number of differences that a description lists. */
const MAX_LISTED = 3;
/** Characters of a name or value that a description shows. */
const MAX_SHOWN_LENGTH = 60;
/** Separates the names in a path, and a path from its text. */
const STEP = "\u0000";
const TEXT = "\u0001";
/** A number as text, as databases return counts. A longer one may be an id or a phone number. */
const NUMERIC = /^-?(?:0|[1-9]\d{0,8})(?:\.\d{1,15})?$/;

/**
 * What changed between two outputs of `verify`. In texts and in the names of fields, the ids of the run are replaced with their stable
 * names, so that the effects of two runs can be compared.
 */
export function effectBetween(before: unknown, after: unknown, names: IdNames): Effect {
  const rename = renamerOf(names);
  const earlier = flatten(before, rename, names);
  const later = flatten(after, rename, names);
  const numbers = new Map<string, number>();
  for (const path of new Set([...earlier.numbers.keys(), ...later.numbers.keys()])) {
    const change = (later.numbers.get(path) ?? 0) - (earlier.numbers.get(path) ?? 0);
    if (Math.abs(change) > EPSILON) numbers.set(path, change);
  }
  const texts = new Map<string, number>();
  for (const [text, count] of later.texts) {
    const added = count - (earlier.texts.get(text) ?? 0);
    if (added > 0) texts.set(text, added);
  }
  return { numbers, texts };
}

/** Whether nothing changed. */
export function isEmpty({ numbers, texts }: Effect): boolean {
  return numbers.size === 0 && texts.size === 0;
}

/** Whether two effects are equal. */
export function isEqual(a: Effect, b: Effect): boolean {
  return differingKeys(a, b).length === 0;
}

/** Whether an effect has at least all that is expected: no number changed less, and no text is missing. */
export function covers(actual: Effect, expected: Effect): boolean {
  return (
    [...expected.numbers].every(([path, change]) => {
      const found = actual.numbers.get(path) ?? 0;
      return change > 0 ? found > change - EPSILON : found < change + EPSILON;
    }) && [...expected.texts].every(([text, count]) => (actual.texts.get(text) ?? 0) >= count)
  );
}

/** The differences of two effects, such as `rows: +2 instead of +1`. */
export function describeDifference(actual: Effect, expected: Effect, redact: Redact): string {
  const keys = differingKeys(actual, expected);
  const parts = keys.slice(0, MAX_LISTED).map(({ key, of }) => {
    const [found, wanted] = [actual[of].get(key) ?? 0, expected[of].get(key) ?? 0];
    if (of === "numbers") return `${nameOf(key, redact)}: ${signed(found)} instead of ${signed(wanted)}`;
    return `${nameOf(key, redact)}: added ${times(found)} instead of ${times(wanted)}`;
  });
  return withRest(parts, keys.length);
}

/** An effect in words, such as `rows: +1`. */
export function describeEffect({ numbers, texts }: Effect, redact: Redact): string {
  const parts = [
    ...[...numbers].map(
      ([path, change]) =>
        () =>
          `${nameOf(path, redact)}: ${signed(change)}`,
    ),
    ...[...texts].map(
      ([key, count]) =>
        () =>
          `${nameOf(key, redact)}: added${count === 1 ? "" : ` ${times(count)}`}`,
    ),
  ];
  if (parts.length === 0) return "no change";
  return withRest(
    parts.slice(0, MAX_LISTED).map((describe) => describe()),
    parts.length,
  );
}

/** The names of the fields that changed, such as `rows[].at`. */
export function describePaths({ numbers, texts }: Effect, redact: Redact): string {
  const paths = new Set([...numbers.keys(), ...[...texts.keys()].map((key) => key.split(TEXT)[0] as string)]);
  const names = [...paths].slice(0, MAX_LISTED).map((path) => pathName(path, redact) || "the output");
  return withRest(names, paths.size);
}

function differingKeys(a: Effect, b: Effect): { key: string; of: "numbers" | "texts" }[] {
  return (["numbers", "texts"] as const).flatMap((of) =>
    [...new Set([...a[of].keys(), ...b[of].keys()])]
      .filter((key) => Math.abs((a[of].get(key) ?? 0) - (b[of].get(key) ?? 0)) > EPSILON)
      .map((key) => ({ key, of })),
  );
}

function withRest(parts: string[], total: number): string {
  return parts.join(", ") + (total > parts.length ? ` and ${total - parts.length} more` : "");
}

/** What changed, in words. A number that is the whole output has the empty path. */
function nameOf(key: string, redact: Redact): string {
  const [path = "", json] = key.split(TEXT);
  const name = pathName(path, redact);
  if (json === undefined) return name || "the number";
  const value: unknown = JSON.parse(json);
  const redacted = typeof value === "string" ? redact(value, "value") : undefined;
  return `${name || "the text"} = ${shortened(redacted === undefined || redacted === value ? json : redacted)}`;
}

function pathName(path: string, redact: Redact): string {
  return path
    .split(STEP)
    .map((step) => step.replace(/^(.*?)((?:\[\])*)$/s, (_, name, lists) => shortened(redact(name, "name")) + lists))
    .join(".");
}

function shortened(text: string): string {
  return text.length > MAX_SHOWN_LENGTH ? `${text.slice(0, MAX_SHOWN_LENGTH)}…` : text;
}

function signed(change: number): string {
  const rounded = Math.round(change / EPSILON) * EPSILON;
  return `${change < 0 ? "" : "+"}${Number(rounded.toFixed(6))}`;
}

function times(count: number): string {
  return count === 1 ? "once" : `${count} times`;
}

interface Flat {
  numbers: Map<string, number>;
  texts: Map<string, number>;
}

function flatten(output: unknown, rename: (text: string) => string, names: IdNames): Flat {
  const flat: Flat = { numbers: new Map(), texts: new Map() };
  const add = (map: Map<string, number>, key: string, count: number) => map.set(key, (map.get(key) ?? 0) + count);
  const visit = (value: unknown, path: string): void => {
    const isNumber = typeof value === "number" || (typeof value === "string" && NUMERIC.test(value));
    if (isNumber && !names.has(String(value))) add(flat.numbers, path, Number(value));
    else if (Array.isArray(value)) for (const element of value) visit(element, `${path}[]`);
    else if (typeof value === "object" && value !== null) {
      for (const [name, member] of Object.entries(value))
        visit(member, path === "" ? rename(name) : `${path}${STEP}${rename(name)}`);
    } else add(flat.texts, `${path}${TEXT}${jsonOf(value, rename)}`, 1);
  };
  visit(output, "");
  return flat;
}

function jsonOf(value: unknown, rename: (text: string) => string): string {
  const isText = typeof value === "string" || typeof value === "number";
  return JSON.stringify(isText ? rename(String(value)) : value) ?? "null";
}

function renamerOf(names: IdNames): (text: string) => string {
  if (names.size === 0) return (text) => text;
  const ids = [...names.keys()].sort((a, b) => b.length - a.length);
  const pattern = new RegExp(ids.map((id) => id.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&")).join("|"), "g");
  return (text) => text.replace(pattern, (id) => names.get(id) as string);
}
