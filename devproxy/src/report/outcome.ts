import { clean } from "./words.js";

/** What the middleware said of a push, in a few words. */
export function outcomeText(outcome: unknown): string {
  if (typeof outcome !== "object" || outcome === null) return `app: ${clean(String(outcome)).slice(0, 200)}`;
  const words = Object.entries(outcome)
    .filter(([, value]) => value !== false && value !== null)
    .map(([name, value]) =>
      value === true ? name : `${name} ${typeof value === "object" ? JSON.stringify(value) : value}`,
    );
  return `app: ${clean(words.join(", ")).slice(0, 200)}`;
}
