import { catalogue, type Shape } from "airudder-webhooks/inspect";
import type { Candidate } from "./candidate.js";

/** Candidates for `--set`: the paths of the type that the command line names, and the values of a path. None without a type. */
export function setCandidates(word: string, words: readonly string[]): Candidate[] {
  const schema = catalogue.find(({ name }) => words.includes(name) || words.includes(`--type=${name}`));
  if (schema === undefined) return [];
  // The paths of the schema have the index 0. The candidates have the indexes that the word has.
  const indexes = [...word.matchAll(/\[(\d+)\]/g)].map(([, index]) => index);
  const withIndexes = (path: string): string => {
    let at = 0;
    return path.replace(/\[0\]/g, () => `[${indexes[at++] ?? 0}]`);
  };
  return [...fieldsOf(schema.shape, "")].flatMap(([path, shape]) => {
    const start = `${withIndexes(path)}=`;
    if (!word.startsWith(start)) return [{ value: start }];
    return (shape.enum ?? shape.known ?? [])
      .filter((value) => typeof value === "string" && value !== "")
      .map((value) => ({ value: `${start}${value}` }));
  });
}

/** The fields of a schema that hold a single value, with their paths. */
function* fieldsOf(shape: Shape, path: string): Generator<[path: string, shape: Shape]> {
  const { properties, items } = shape;
  if (items !== undefined) yield* fieldsOf(items, `${path}[0]`);
  for (const [name, child] of Object.entries(properties ?? {})) {
    yield* fieldsOf(child, path === "" ? name : `${path}.${name}`);
  }
  if (items === undefined && properties === undefined) yield [path, shape];
}
