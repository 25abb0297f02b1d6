import { SEARCH_KEYS } from "airudder-webhooks/inspect";
import type { Head } from "airudder-webhooks/journal";

/** Names of the ids that many pushes share. */
export const REPEATED_IDS = SEARCH_KEYS.filter((key) => key !== "call");

/** Maximum number of strings. Sharing saves no memory if most strings differ. */
const MAX_STRINGS = 10_000;

/** Stores equal strings of many records once, which halves the memory that the index needs. */
export class StringPool {
  readonly #strings = new Map<string, string>();

  /** Replaces frequent strings in a head with shared ones. */
  share(head: Head): void {
    if (head.kind === "push") {
      head.method = this.#shared(head.method);
      head.url = this.#shared(head.url);
      head.type = this.#shared(head.type);
      head.source = this.#shared(head.source);
      for (const key of REPEATED_IDS) if (head[key] !== undefined) head[key] = this.#shared(head[key]);
    } else if (head.kind === "delivery") head.target = this.#shared(head.target);
  }

  #shared(text: string): string {
    const known = this.#strings.get(text);
    if (known !== undefined) return known;
    if (this.#strings.size < MAX_STRINGS) this.#strings.set(text, text);
    return text;
  }
}
