import { pointerStep } from "airudder-webhooks/inspect";
import { jsonType, takes } from "./json-type.js";
import { listed } from "./reveal.js";
import { typesOf, valuesOf } from "./schema.js";
import type { Place, Schemas } from "./schemas.js";

/** The kinds of drift, as the middleware names them. */
export type DriftKind = "unknown_field" | "missing_field" | "wrong_type" | "unknown_value";

/** One place where a payload differs from its schema. */
export interface Difference {
  readonly kind: DriftKind;
  /** JSON pointer into the payload; indexes of arrays, and free keys, are `*`. */
  readonly path: string;
  /** What would have to change: the node itself, or for a field the object that it is in. */
  readonly place: Place;
  /** The field that is unknown or missing. */
  readonly name?: string;
  /** What the schema says. */
  readonly expected: string;
  /** What came; nothing for a missing field. */
  readonly value?: unknown;
}

type Tell = (difference: Difference) => void;

/** A path names no more of a field than this: names are the sender's. */
const MOST_NAME = 64;

/** Tells every difference between a value and the schema at `place`. */
export function walk(schemas: Schemas, place: Place, value: unknown, path: string, tell: Tell): void {
  const { node } = place;
  const types = typesOf(node);
  const type = jsonType(value);
  if (types.length > 0 && !types.some((allowed) => takes(allowed, type))) {
    tell({ kind: "wrong_type", path, place, expected: types.join(" or "), value });
  } else if (valuesOf(node)?.includes(value) === false) {
    const expected = `one of ${valuesOf(node)?.map(listed).join(", ")}`;
    tell({ kind: "unknown_value", path, place, expected, value });
  } else if (type === "array" && node.items !== undefined) {
    const items = schemas.below(place, "/items");
    for (const item of value as unknown[]) walk(schemas, items, item, `${path}/*`, tell);
  } else if (type === "object") {
    walkFields(schemas, place, value as Record<string, unknown>, path, tell);
  }
}

function walkFields(schemas: Schemas, place: Place, value: Record<string, unknown>, path: string, tell: Tell): void {
  const { properties = {}, required = [], additionalProperties: rest = true } = place.node;
  const at = (name: string) => path + pointerStep(name.slice(0, MOST_NAME));
  for (const [name, field] of Object.entries(value)) {
    if (Object.hasOwn(properties, name)) walk(schemas, schemas.field(place, name), field, at(name), tell);
    else if (rest === false) {
      tell({ kind: "unknown_field", path: at(name), place, name, expected: "no such field", value: field });
    } else if (rest !== true) walk(schemas, schemas.below(place, "/additionalProperties"), field, `${path}/*`, tell);
  }
  for (const name of required) {
    if (Object.hasOwn(value, name)) continue;
    const types = Object.hasOwn(properties, name) ? typesOf(schemas.field(place, name).node) : [];
    tell({ kind: "missing_field", path: at(name), place, name, expected: types.join(" or ") || "a value" });
  }
}
