import { catalogue } from "airudder-webhooks";

/** The types that pushes are recorded with. */
export const TYPE_NAMES: readonly string[] = [
  ...new Set([...catalogue.map(({ type }) => type), "unknown", "unparsable"]),
];

const KNOWN: ReadonlySet<unknown> = new Set(TYPE_NAMES);

/** Whether it is the name of a type of pushes. */
export function isTypeName(value: unknown): value is string {
  return KNOWN.has(value);
}
