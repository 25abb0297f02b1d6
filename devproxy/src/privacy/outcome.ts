import { catalogue } from "airudder-webhooks";

const RESULTS = new Set([
  "handled",
  "ignored",
  "failed",
  "dead",
  "quarantined",
  "stored",
  "duplicate",
  "running",
  "rejected",
]);
const TYPES = new Set<unknown>([...catalogue.map(({ type }) => type), "unknown", "unparsable"]);

/** The members of an outcome that may be shown, each by what its value has to be. */
const MEMBERS: Readonly<Record<string, (value: unknown) => boolean>> = {
  type: (value) => TYPES.has(value),
  verified: isBoolean,
  duplicate: isBoolean,
  reserialised: isBoolean,
  drift: (value) => Number.isSafeInteger(value) && (value as number) < 1_000_000,
  result: (value) => RESULTS.has(value as string),
  ms: (value) => typeof value === "number" && value < 1_000_000_000,
};

function isBoolean(value: unknown): boolean {
  return typeof value === "boolean";
}

/** Whether it is the name of a type of pushes. */
export function isTypeName(text: string): boolean {
  return TYPES.has(text);
}

/**
 * What the middleware reported in `Airudder-Outcome`, without what it never reports; `undefined` if nothing is left.
 * @param error redacts the handler's error
 */
export function shownOutcome(outcome: unknown, error: (text: string) => string): object | undefined {
  if (typeof outcome !== "object" || outcome === null) return undefined;
  const shown = Object.entries(outcome).flatMap(([name, value]): [string, unknown][] => {
    if (name === "error" && typeof value === "string") return [[name, error(value)]];
    return Object.hasOwn(MEMBERS, name) && MEMBERS[name]?.(value) ? [[name, value]] : [];
  });
  return shown.length === 0 ? undefined : Object.fromEntries(shown);
}
