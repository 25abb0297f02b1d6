import type { Condition, Rule } from "../generated/catalogue.js";
import { parsePointer, readAt } from "./pointer.js";

/** The fields of a schema that identification uses. */
interface Identifiable {
  readonly type: string;
  readonly identify: readonly Rule[];
  readonly identifyPartial: readonly Rule[];
}

type Predicate = (payload: object) => boolean;

function compileCondition(pointer: string, condition: Condition): Predicate {
  const names = parsePointer(pointer);
  if (typeof condition === "object") return (payload) => readAt(payload, names) === condition.const;
  switch (condition) {
    case "array":
      return (payload) => Array.isArray(readAt(payload, names));
    case "present":
      return (payload) => readAt(payload, names) !== undefined;
    case "absent":
      return (payload) => readAt(payload, names) === undefined;
    case "string":
      return (payload) => typeof readAt(payload, names) === "string";
    case "object":
      return (payload) => {
        const value = readAt(payload, names);
        return typeof value === "object" && value !== null && !Array.isArray(value);
      };
  }
}

function compileRules(rules: readonly Rule[]): Predicate {
  const compiled = rules.map((rule) =>
    Object.entries(rule).map(([pointer, condition]) => compileCondition(pointer, condition)),
  );
  return (payload) => compiled.some((conditions) => conditions.every((holds) => holds(payload)));
}

/**
 * Returns a function that finds the schema of a payload by its shape:
 *
 * 1. The first schema with an `identify` rule that matches.
 * 2. If there is none, the push may lack a field: the first schema with an `identifyPartial` rule that matches.
 * 3. If such rules of two types match, `undefined`.
 *
 * If you pass a type, only the schemas of that type are candidates. The default is then the first of them, instead of `undefined`.
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
