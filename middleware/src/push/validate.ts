import type { PushSchema } from "../generated/catalogue.js";
import { type Drift, findDrift } from "./drift.js";

/** What the two validators of a schema make of a payload. */
export interface Validation {
  /** Something that every handler of the type needs is missing or of another type. */
  readonly quarantined: boolean;
  readonly drift: readonly Drift[];
}

const CLEAN: Validation = Object.freeze({ quarantined: false, drift: Object.freeze([]) });

/** Strict passes: clean. Only tolerant passes: accepted with its drift. Neither: quarantined. A type without schema is always clean. */
export function validate(schema: PushSchema | undefined, payload: object): Validation {
  if (schema === undefined || schema.strict(payload)) return CLEAN;
  return { quarantined: !schema.tolerant(payload), drift: findDrift(schema.shape, payload) };
}
