import { catalogue, type PushSchema } from "airudder-webhooks";

/** The schema that a payload of this type is measured by: of a type with several forms the one whose shape it has. */
export function schemaOf(type: string, payload: object): PushSchema | undefined {
  const forms = catalogue.filter((schema) => schema.type === type);
  return forms.find(({ identify }) => identify.some((rule) => holds(rule, payload))) ?? forms[0];
}

type Rule = PushSchema["identify"][number];

function holds(rule: Rule, payload: object): boolean {
  return Object.entries(rule).every(([pointer, wanted]) => {
    const value = readAt(payload, pointer);
    if (typeof wanted === "object") return value === wanted.const;
    if (wanted === "present") return value !== undefined;
    if (wanted === "array") return Array.isArray(value);
    if (wanted === "string") return typeof value === "string";
    return typeof value === "object" && value !== null && !Array.isArray(value);
  });
}

function readAt(payload: object, pointer: string): unknown {
  let value: unknown = payload;
  for (const step of pointer.split("/").slice(1)) {
    const name = step.replaceAll("~1", "/").replaceAll("~0", "~");
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, name)) return undefined;
    value = (value as Record<string, unknown>)[name];
  }
  return value;
}
