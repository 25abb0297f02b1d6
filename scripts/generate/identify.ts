import type { Condition, PushFile, Rule } from "./schema.js";

/** The types (not the forms) whose rules a payload meets. */
export function typesMatching(pushes: readonly PushFile[], payload: unknown): string[] {
  const types = pushes.filter(({ push }) => push.identify.some((rule) => meets(rule, payload)));
  return [...new Set(types.map(({ push }) => push.type))];
}

/** Whether a payload meets every condition of a rule. */
export function meets(rule: Rule, payload: unknown): boolean {
  return Object.entries(rule).every(([pointer, condition]) => holds(condition, valueAt(payload, pointer)));
}

/** Whether every payload that meets `narrow` must meet `wide` too. */
export function implies(narrow: Rule, wide: Rule): boolean {
  return Object.entries(wide).every(([pointer, condition]) => {
    const mine = narrow[pointer];
    return mine !== undefined && (condition === "present" || JSON.stringify(mine) === JSON.stringify(condition));
  });
}

function holds(condition: Condition, value: unknown): boolean {
  if (typeof condition === "object") return value === condition.const;
  switch (condition) {
    case "present":
      return value !== undefined;
    case "array":
      return Array.isArray(value);
    case "object":
      return typeof value === "object" && value !== null && !Array.isArray(value);
    case "string":
      return typeof value === "string";
  }
}

function valueAt(payload: unknown, pointer: string): unknown {
  let value = payload;
  for (const step of pointer.split("/").slice(1)) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, step)) return undefined;
    value = (value as Record<string, unknown>)[step];
  }
  return value;
}
