import { catalogue, type PushSchema } from "../generated/catalogue.js";
import type { PushType } from "../generated/types.js";
import { readAt, stepsOf } from "./pointer.js";

/** Every push type. */
export const TYPES: readonly string[] = [...new Set(catalogue.map(({ type }) => type)), "unknown"];

type Condition = (payload: object) => boolean;

function compile(pointer: string, wanted: string | { readonly const: unknown }): Condition {
  const steps = stepsOf(pointer);
  if (typeof wanted === "object") return (payload) => readAt(payload, steps) === wanted.const;
  if (wanted === "array") return (payload) => Array.isArray(readAt(payload, steps));
  if (wanted === "present") return (payload) => readAt(payload, steps) !== undefined;
  if (wanted === "string") return (payload) => typeof readAt(payload, steps) === "string";
  return (payload) => {
    const value = readAt(payload, steps);
    return typeof value === "object" && value !== null && !Array.isArray(value);
  };
}

const rules = catalogue.map((schema) => ({
  schema,
  shapes: schema.identify.map((shape) => Object.entries(shape).map(([pointer, wanted]) => compile(pointer, wanted))),
}));

/** The schema whose shape a payload has, looked for among those of `type` when it is told. */
export function findSchema(payload: object, type?: PushType): PushSchema | undefined {
  let fallback: PushSchema | undefined;
  for (const { schema, shapes } of rules) {
    if (type !== undefined && schema.type !== type) continue;
    if (shapes.some((conditions) => conditions.every((holds) => holds(payload)))) return schema;
    if (type !== undefined) fallback ??= schema;
  }
  return fallback;
}

/**
 * The type of a parsed payload, told by its shape; `unknown` when it has the shape of none.
 * @example identify({ pds: { type: "TaskStatus", body: {} } }) // "dialer.task"
 */
export function identify(payload: object): PushType {
  return findSchema(payload)?.type ?? "unknown";
}
