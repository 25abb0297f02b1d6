import type { PushType } from "airudder-webhooks";
import { catalogue, type PushSchema } from "airudder-webhooks/inspect";
import { suggestion } from "../config/index.js";
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
 * @param pins the names of the pins, for suggestions. Default: none
 * @throws DevproxyError `usage`, with the most similar type or pin
 */
export function parseTestType(text: string, pins: readonly string[] = []): TestType {
  const schema = catalogue.find(({ name }) => name === text);
  if (schema !== undefined) return { type: schema.type, schema };
  if (text === "unknown") return { type: "unknown" };
  const seq = /^#?(\d{1,15})$/.exec(text)?.[1];
  if (seq !== undefined) throw usageError(`"${text}" is not a push type. To send a recorded push: --from '#${seq}'.`);
  const hint = pins.includes(text)
    ? ` Did you mean @${text}?`
    : suggestion(text, [...TEST_TYPES, "campaign"]) ||
      suggestion(
        `@${text}`,
        pins.map((name) => `@${name}`),
      );
  throw usageError(`"${text}" is not a push type.${hint} Give one of ${TEST_TYPES.join(", ")}, or campaign.`);
}
