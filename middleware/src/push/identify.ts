import { catalogue, type PushSchema } from "../generated/catalogue.js";
import type { PushType } from "../generated/types.js";
import { schemaFinder } from "./rules.js";

/** Every push type. */
export const TYPES: readonly string[] = [...new Set(catalogue.map(({ type }) => type)), "unknown"];

/**
 * The schema whose shape a payload has; with a type, one of that type's schemas. A payload that lacks a field may still be identified by
 * what is left of it: the tolerant validator then rejects it, so that it is quarantined under its type.
 */
export const findSchema: (payload: object, type?: PushType) => PushSchema | undefined = schemaFinder(catalogue);

/**
 * Identifies a parsed payload by its shape. Returns `unknown` if it has the shape of no known push.
 *
 * A push that lacks a field, or has null in it, keeps its type as long as the rest of it can only be of that type.
 * @example identify({ pds: { type: "TaskStatus", body: {} } }) // "dialer.task"
 */
export function identify(payload: object): PushType {
  return findSchema(payload)?.type ?? "unknown";
}
