import type { Head } from "airudder-webhooks/journal";

/** Past this many the words are not the few that come again and again. */
const MOST = 10_000;

/** Holds each of the words that many records have in common once, which halves the index's memory. */
export class StringPool {
  readonly #words = new Map<string, string>();

  /** Puts the shared words in the place of a record's own. */
  share(head: Head): void {
    if (head.kind === "push") {
      head.method = this.#one(head.method);
      head.url = this.#one(head.url);
      head.type = this.#one(head.type);
      head.source = this.#one(head.source);
      if (head.task !== undefined) head.task = this.#one(head.task);
      if (head.workflow !== undefined) head.workflow = this.#one(head.workflow);
    } else if (head.kind === "delivery") head.target = this.#one(head.target);
  }

  #one(word: string): string {
    const known = this.#words.get(word);
    if (known !== undefined) return known;
    if (this.#words.size < MOST) this.#words.set(word, word);
    return word;
  }
}
