import { catalogue, type PushType } from "airudder-webhooks";

/** The type that a push was recorded with, as far as it says which schema to take. */
export function statedType({ type }: { type?: string }): { type?: PushType } {
  const known = catalogue.find((schema) => schema.type === type);
  return known === undefined ? {} : { type: known.type };
}
