import type { PushSchema, Shape } from "airudder-webhooks/inspect";
import { editDistance, isSimilar, mostSimilar } from "../config/index.js";

/** Every path of a schema for `--set`, such as `Details[0].Status`. An index is always 0. */
export function pathsOf(schema: PushSchema | undefined): string[] {
  return schema === undefined ? [] : [...pathsBelow(schema.shape, "")];
}

function* pathsBelow({ properties, items }: Shape, path: string): Generator<string> {
  if (items !== undefined) {
    yield `${path}[0]`;
    yield* pathsBelow(items, `${path}[0]`);
  }
  for (const [name, shape] of Object.entries(properties ?? {})) {
    const child = path === "" ? name : `${path}.${name}`;
    yield child;
    yield* pathsBelow(shape, child);
  }
}

/**
 * The path of a schema that a wrong path probably means: one that is spelled almost the same, or that ends with almost the same name.
 * @returns `undefined` if there is none
 */
export function similarPath(schema: PushSchema | undefined, steps: readonly string[]): string | undefined {
  const indexes = steps.filter((step) => /^\d+$/.test(step));
  const paths = pathsOf(schema);
  // Compared without the indexes. The suggestion has the given ones.
  const found = nearest(withoutIndexes(steps), paths) ?? nearestByName(steps, paths);
  let at = 0;
  return found?.replace(/\[0\]/g, () => `[${indexes[at++] ?? 0}]`);
}

function withoutIndexes(steps: readonly string[]): string[] {
  return steps.filter((step) => !/^\d+$/.test(step));
}

/** The path whose names are all similar to the given ones. */
function nearest(given: readonly string[], paths: readonly string[]): string | undefined {
  const [best] = paths
    .map((path) => ({ path, names: withoutIndexes(path.split(/[.[\]]+/).filter((step) => step !== "")) }))
    .filter(({ names }) => names.length === given.length && names.every((name, i) => isSimilar(String(given[i]), name)))
    .map(({ path, names }) => ({ path, distance: editDistance(given.join("."), names.join(".")) }))
    .sort((a, b) => a.distance - b.distance);
  return best?.path;
}

function nearestByName(steps: readonly string[], paths: readonly string[]): string | undefined {
  const last = steps.findLast((step) => !/^\d+$/.test(step));
  if (last === undefined) return undefined;
  const nameOf = (path: string) => (/([^.[\]]+)(?:\[\d+\])*$/.exec(path)?.[1] ?? "").toLowerCase();
  const name = mostSimilar(last.toLowerCase(), [...new Set(paths.map(nameOf))]);
  return name === undefined ? undefined : paths.find((path) => nameOf(path) === name);
}
