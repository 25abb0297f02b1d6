import type { PushSchema, Shape } from "airudder-webhooks/inspect";
import { editDistance, mostSimilar } from "../config/index.js";

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

/** Formats the steps of a path as in `--set`, such as `Details[0].Status`. */
export function formatPath(steps: readonly string[]): string {
  return steps.reduce(
    (path, step) => (/^\d+$/.test(step) ? `${path}[${step}]` : path === "" ? step : `${path}.${step}`),
    "",
  );
}

/**
 * The path of a schema that a wrong path probably means: one that is spelled almost the same, or that ends with almost the same name.
 * @returns `undefined` if there is none
 */
export function similarPath(schema: PushSchema | undefined, steps: readonly string[]): string | undefined {
  const indexes = steps.filter((step) => /^\d+$/.test(step));
  const paths = pathsOf(schema);
  // Compared without the indexes. The suggestion has the given ones.
  const given = formatPath(steps.map((step) => (/^\d+$/.test(step) ? "0" : step)));
  const found = nearest(given, paths) ?? nearestByName(steps, paths);
  let at = 0;
  return found?.replace(/\[0\]/g, () => `[${indexes[at++] ?? 0}]`);
}

function nearest(given: string, paths: readonly string[]): string | undefined {
  const [best] = paths
    .map((path) => ({ path, distance: editDistance(given.toLowerCase(), path.toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance);
  return best !== undefined && best.distance <= Math.min(3, given.length / 3) ? best.path : undefined;
}

function nearestByName(steps: readonly string[], paths: readonly string[]): string | undefined {
  const last = steps.findLast((step) => !/^\d+$/.test(step));
  if (last === undefined) return undefined;
  const nameOf = (path: string) => (/([^.[\]]+)(?:\[\d+\])*$/.exec(path)?.[1] ?? "").toLowerCase();
  const name = mostSimilar(last.toLowerCase(), [...new Set(paths.map(nameOf))]);
  return name === undefined ? undefined : paths.find((path) => nameOf(path) === name);
}
