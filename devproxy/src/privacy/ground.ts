import { catalogue, type PushSchema } from "airudder-webhooks";
import { isWord } from "./word.js";

/** What a schema knows of a place. */
export type Shape = PushSchema["shape"];

/**
 * What a value stands on: a documented place; a place beside the documented ones (`stray`), where a short number tells nothing; or one
 * where the sender may put anything (`open`).
 */
export type Ground = Shape | "stray" | "open";

/** The ground of a push's payload. `schema` is the name of the one that it is measured by, if any. */
export function groundOf(schema: string | undefined): Ground {
  return catalogue.find(({ name }) => name === schema)?.shape ?? "open";
}

/** The ground that a value really stands on: where another type was documented, nobody knows what came. */
export function under(ground: Ground, value: unknown): Ground {
  if (typeof ground === "string") return ground;
  const { type, enum: values } = ground;
  if (type !== undefined && !type.some((name) => isOf(name, value))) return "stray";
  const isKnown = values === undefined || values.includes(value) || (typeof value === "string" && isWord(value));
  return isKnown ? ground : "stray";
}

/** The ground of a field. */
export function fieldOf(ground: Ground, name: string): Ground {
  if (typeof ground === "string") return ground;
  if (ground.properties !== undefined && Object.hasOwn(ground.properties, name))
    return ground.properties[name] as Shape;
  return ground.additional === false ? "stray" : "open";
}

/** The ground of an array's items. */
export function itemsOf(ground: Ground): Ground {
  return typeof ground === "string" ? ground : (ground.items ?? "open");
}

function isOf(type: string, value: unknown): boolean {
  if (type === "null") return value === null;
  if (type === "array") return Array.isArray(value);
  if (type === "object") return typeof value === "object" && value !== null && !Array.isArray(value);
  return typeof value === (type === "integer" ? "number" : type);
}
