import { catalogue, type PushType } from "airudder-webhooks";

const known: ReadonlyMap<string | undefined, { type: PushType }> = new Map(
  catalogue.map(({ type }) => [type, { type }]),
);
const NONE = {};

/** The type that a push was recorded with; none if no schema has this type. */
export function statedType({ type }: { type?: string }): { type?: PushType } {
  return known.get(type) ?? NONE;
}
