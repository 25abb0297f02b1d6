import { catalogue } from "airudder-webhooks";

/** The types that pushes are recorded with. */
export const TYPE_NAMES: readonly string[] = [
  ...new Set([...catalogue.map(({ type }) => type), "unknown", "unparsable"]),
];

const KNOWN: ReadonlySet<unknown> = new Set(TYPE_NAMES);

/** Whether a value is the name of a push type. */
export function isTypeName(value: unknown): value is string {
  return KNOWN.has(value);
}
