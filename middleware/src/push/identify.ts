import { catalogue, type PushSchema } from "../generated/catalogue.js";
import type { PushType } from "../generated/types.js";
import { schemaFinder } from "./rules.js";

/** Every push type. */
export const TYPES: readonly string[] = [...new Set(catalogue.map(({ type }) => type)), "unknown"];

/**
 * Finds the schema of a payload by its shape; with a type, only among the schemas of that type. A payload that lacks a field may still be
 * identified by its other fields. The tolerant validator then rejects it, so it is quarantined under its type.
 */
export const findSchema: (payload: object, type?: PushType) => PushSchema | undefined = schemaFinder(catalogue);

/**
 * Identifies a parsed payload by its shape. Returns `unknown` if the shape is not that of a known push.
 *
 * A push with a missing or null field keeps its type as long as its other fields identify only that type.
 * @example identify({ pds: { type: "TaskStatus", body: {} } }) // "dialer.task"
 */
export function identify(payload: object): PushType {
  return findSchema(payload)?.type ?? "unknown";
}
