import type { PushSchema } from "../generated/catalogue.js";
import { type Drift, findDrift } from "./drift.js";

/** The result of the two validators of a schema. */
export interface Validation {
  /** Whether something that every handler of the type needs is missing or has a wrong type. */
  readonly quarantined: boolean;
  readonly drift: readonly Drift[];
}

const CLEAN: Validation = Object.freeze({ quarantined: false, drift: Object.freeze([]) });

/**
 * Validates a payload. If the strict validator accepts it, there is no drift. If only the tolerant one does, there is drift. If neither does,
 * the push is quarantined. A payload without a schema has no drift.
 */
export function validate(schema: PushSchema | undefined, payload: object): Validation {
  if (schema === undefined || schema.strict(payload)) return CLEAN;
  return { quarantined: !schema.tolerant(payload), drift: findDrift(schema.shape, payload) };
}
