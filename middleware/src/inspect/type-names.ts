import { catalogue } from "../generated/catalogue.js";
import type { PushType } from "../generated/types.js";

const TYPES_WITH_SCHEMA: ReadonlySet<unknown> = new Set(catalogue.map(({ type }) => type));

/** Every type that a push can be recorded with. `unparsable` is for a body that is not a JSON object. */
export const TYPE_NAMES: readonly (PushType | "unparsable")[] = [
  ...new Set(catalogue.map(({ type }) => type)),
  "unknown",
  "unparsable",
];

const NAMES: ReadonlySet<unknown> = new Set(TYPE_NAMES);

/** Whether a value is one of {@link TYPE_NAMES}. */
export function isTypeName(value: unknown): value is PushType | "unparsable" {
  return NAMES.has(value);
}

/** Whether a value is the type of a push that has a schema. */
export function hasSchema(type: unknown): type is PushType {
  return TYPES_WITH_SCHEMA.has(type);
}
