import type { Condition, Rule } from "../generated/catalogue.js";
import { parsePointer, readAt } from "./pointer.js";

/** The fields of a schema that identification uses. */
export interface Identifiable {
  readonly type: string;
  readonly identify: readonly Rule[];
  readonly identifyPartial: readonly Rule[];
}

type Test = (payload: object) => boolean;

function compileCondition(pointer: string, wanted: Condition): Test {
  const steps = parsePointer(pointer);
  if (typeof wanted === "object") return (payload) => readAt(payload, steps) === wanted.const;
  switch (wanted) {
    case "array":
      return (payload) => Array.isArray(readAt(payload, steps));
    case "present":
      return (payload) => readAt(payload, steps) !== undefined;
    case "absent":
      return (payload) => readAt(payload, steps) === undefined;
    case "string":
      return (payload) => typeof readAt(payload, steps) === "string";
    case "object":
      return (payload) => {
        const value = readAt(payload, steps);
        return typeof value === "object" && value !== null && !Array.isArray(value);
      };
  }
}

function compileRules(rules: readonly Rule[]): Test {
  const compiled = rules.map((rule) =>
    Object.entries(rule).map(([pointer, wanted]) => compileCondition(pointer, wanted)),
  );
  return (payload) => compiled.some((conditions) => conditions.every((holds) => holds(payload)));
}

/**
 * Returns a function that finds the schema of a payload by its shape. It tests the `identify` rules of all schemas first. If none holds, it
 * tests the `identifyPartial` rules, for a push that lacks a field. If these match two types, the result is `undefined`.
 *
 * If you pass a type, only its schemas are candidates. If none of their rules holds, the result is the first of them.
 */
export function schemaFinder<S extends Identifiable>(
  schemas: readonly S[],
): (payload: object, type?: string) => S | undefined {
  const all = schemas.map((schema) => ({
    schema,
    matches: compileRules(schema.identify),
    matchesPartly: compileRules(schema.identifyPartial),
  }));
  const byType = new Map(
    all.map(({ schema: { type } }) => [type, all.filter(({ schema }) => schema.type === type)] as const),
  );
  return (payload, type) => {
    const candidates = type === undefined ? all : (byType.get(type) ?? []);
    for (const { schema, matches } of candidates) if (matches(payload)) return schema;
    let found: S | undefined;
    for (const { schema, matchesPartly } of candidates) {
      if (!matchesPartly(payload)) continue;
      if (found !== undefined && found.type !== schema.type) return undefined;
      found ??= schema;
    }
    return found ?? (type === undefined ? undefined : candidates[0]?.schema);
  };
}
