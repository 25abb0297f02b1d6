/** The last push of a subject. */
export interface Seen {
  readonly digest: string;
  readonly at: number;
  /** Set while the first copy is being stored or handled. */
  pending?: Promise<void> | undefined;
}

/** Beyond this many subjects the older half is forgotten, so that memory stays bounded. */
const MOST_SUBJECTS = 100_000;

/**
 * Recognises a byte-identical copy of the last push about a subject. Two generations of half the memory each: looking up and forgetting
 * cost the same however many subjects there are.
 */
export class Duplicates {
  #young = new Map<string, Seen>();
  #old = new Map<string, Seen>();

  constructor(private readonly windowMs: number) {}

  /** The last push of the subject when it had these very bytes, within the window. */
  find(subject: string, digest: string): Seen | undefined {
    const seen = this.#young.get(subject) ?? this.#old.get(subject);
    if (seen === undefined || seen.digest !== digest) return undefined;
    return seen.pending !== undefined || Date.now() - seen.at < this.windowMs ? seen : undefined;
  }

  /** Remembers a push as its subject's last. */
  remember(subject: string, digest: string, pending?: void | Promise<void>, at: number = Date.now()): Seen {
    if (this.#young.size >= MOST_SUBJECTS / 2) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    const seen: Seen = { digest, at, pending: pending ?? undefined };
    this.#young.set(subject, seen);
    return seen;
  }

  /** Forgets a push that was not accepted after all, unless another came since. */
  forget(subject: string, seen: Seen): void {
    if (this.#young.get(subject) === seen) this.#young.delete(subject);
    if (this.#old.get(subject) === seen) this.#old.delete(subject);
  }
}
