import type { PushType } from "airudder-webhooks";
import { catalogue, type PushSchema } from "airudder-webhooks/inspect";
import { mostSimilar } from "../config/index.js";
import { usageError } from "../errors.js";

/** The type of a test push, with its schema. */
export interface TestType {
  type: PushType | "unparsable";
  /** Absent for `unknown` and `unparsable`. */
  schema?: PushSchema | undefined;
}

/** Every TYPE of `trigger`: the push types, and the bare forms of dialer pushes, such as `dialer.task.bare`. */
export const TEST_TYPES: readonly string[] = [...catalogue.map(({ name }) => name), "unknown"];

/**
 * Parses the TYPE of `trigger`.
 * @throws DevproxyError `usage`, with the most similar type
 */
export function parseTestType(text: string): TestType {
  const schema = catalogue.find(({ name }) => name === text);
  if (schema !== undefined) return { type: schema.type, schema };
  if (text === "unknown") return { type: "unknown" };
  const similar = mostSimilar(text, [...TEST_TYPES, "campaign"]);
  const hint = similar === undefined ? "" : ` Did you mean ${similar}?`;
  throw usageError(`"${text}" is not a push type.${hint} Give one of ${TEST_TYPES.join(", ")}, or campaign.`);
}
