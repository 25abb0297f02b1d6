import { suggestion } from "../config/index.js";
import { usage } from "./failure.js";

function areTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every((item) => typeof item === "string");
}

/** The types of the members of a body, with the words of the errors. */
const KINDS = {
  text: ["a text", (value: unknown) => typeof value === "string"],
  flag: ["true or false", (value: unknown) => typeof value === "boolean"],
  number: ["a number", (value: unknown) => typeof value === "number"],
  speed: ["a number or max", (value: unknown) => typeof value === "number" || value === "max"],
  id: ["the number or the id of a push", (value: unknown) => typeof value === "string" || typeof value === "number"],
  texts: ["a list of texts", areTexts],
  edits: ["a list of edits such as path=value", areTexts],
  object: ["an object", (value: unknown) => typeof value === "object" && value !== null && !Array.isArray(value)],
} as const satisfies Record<string, readonly [words: string, is: (value: unknown) => boolean]>;

export type Kind = keyof typeof KINDS;

/**
 * Checks the names and types of the members of a body. Without it, a misspelt member would be ignored, and a replay could send all pushes.
 * @param of name of the member that `body` is the value of, such as `filters`
 * @throws ApiFailure `usage`, naming the member
 */
export function checkMembers(body: object, kinds: Readonly<Record<string, Kind>>, of?: string): void {
  const known = Object.keys(kinds);
  for (const [name, value] of Object.entries(body)) {
    const fullName = of === undefined ? name : `${of}.${name}`;
    if (!known.includes(name))
      throw usage(
        `${of ?? "The body"} has no member ${JSON.stringify(shortened(name))}.${suggestion(name.slice(0, 50), known)} Its members: ${known.join(", ")}.`,
      );
    const [words, is] = KINDS[kinds[name] as Kind];
    if (!is(value)) throw usage(`${fullName} must be ${words}.`);
  }
}

function shortened(name: string): string {
  return name.length > 50 ? `${name.slice(0, 50)}...` : name;
}
