import { SEARCH_KEYS } from "airudder-webhooks/inspect";
import type { Head } from "airudder-webhooks/journal";

/** Past this many the words are not the few that come again and again. */
const MOST = 10_000;

/** The ids that many pushes have in common. */
export const REPEATED_IDS = SEARCH_KEYS.filter((key) => key !== "call");

/** Holds each of the words that many records have in common once, which halves the index's memory. */
export class SharedWords {
  readonly #words = new Map<string, string>();

  /** Puts the shared words in the place of a record's own. */
  share(head: Head): void {
    if (head.kind === "push") {
      head.method = this.#one(head.method);
      head.url = this.#one(head.url);
      head.type = this.#one(head.type);
      head.source = this.#one(head.source);
      for (const key of REPEATED_IDS) if (head[key] !== undefined) head[key] = this.#one(head[key]);
    } else if (head.kind === "delivery") head.target = this.#one(head.target);
  }

  #one(word: string): string {
    const known = this.#words.get(word);
    if (known !== undefined) return known;
    if (this.#words.size < MOST) this.#words.set(word, word);
    return word;
  }
}
