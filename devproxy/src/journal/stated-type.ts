import { catalogue, type PushType } from "airudder-webhooks";

const known: ReadonlyMap<string | undefined, { type: PushType }> = new Map(
  catalogue.map(({ type }) => [type, { type }]),
);
const NONE = {};

/** The type that a push was recorded with, as far as it says which schema to take. */
export function statedType({ type }: { type?: string }): { type?: PushType } {
  return known.get(type) ?? NONE;
}
