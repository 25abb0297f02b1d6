import { Fingerprints } from "./fingerprints.js";

/** A push that is being stored or handled: the last of its subject, unless another comes. */
export interface Pending {
  readonly subject: string;
  readonly digest: string;
  readonly kept: Promise<void>;
}

/** Beyond this many subjects the older half is forgotten, so that memory stays bounded. */
const MOST_SUBJECTS = 100_000;

/** Older than any window. */
const LONG_AGO = 1;

/**
 * Recognises a byte-identical copy of the last push about a subject. Two generations of half the memory each: looking up and forgetting
 * cost the same however many subjects there are.
 */
export class Duplicates {
  #young = new Fingerprints();
  #old = new Fingerprints();
  readonly #pending = new Map<string, Pending>();

  constructor(private readonly windowMs: number) {}

  /** Whether the subject's last push had these very bytes, within the window; while that is being kept, it is what the copy waits for. */
  find(subject: string, digest: string): Pending | boolean {
    const pending = this.#pending.get(subject);
    if (pending !== undefined) return pending.digest === digest ? pending : false;
    const at = this.#young.find(subject, digest) ?? this.#old.find(subject, digest);
    return at !== undefined && Date.now() - at < this.windowMs;
  }

  /** Remembers an accepted push as its subject's last. */
  remember(subject: string, digest: string, at: number = Date.now()): void {
    if (this.#young.size >= MOST_SUBJECTS / 2) {
      this.#old = this.#young;
      this.#young = new Fingerprints();
    }
    this.#young.put(subject, digest, at);
  }

  /** Remembers a push that an earlier process accepted, unless a later one of its subject is known or being kept. */
  recover(subject: string, digest: string, at: number): void {
    if (Date.now() - at >= this.windowMs || this.#pending.has(subject)) return;
    const lastAt = this.#young.lastAt(subject) ?? this.#old.lastAt(subject);
    if (lastAt === undefined || lastAt <= at) this.remember(subject, digest, at);
  }

  /** Remembers a push that is being kept: until it is settled, its copies find what they have to wait for. */
  begin(subject: string, digest: string, kept: Promise<void>): Pending {
    this.remember(subject, digest);
    const pending = { subject, digest, kept };
    this.#pending.set(subject, pending);
    return pending;
  }

  /** The push was accepted, or not: then it is forgotten, unless another of its subject has come since. */
  settle(pending: Pending, accepted: boolean): void {
    const { subject, digest } = pending;
    if (this.#pending.get(subject) === pending) this.#pending.delete(subject);
    if (accepted) return;
    for (const known of [this.#young, this.#old]) {
      if (known.find(subject, digest)) known.put(subject, digest, LONG_AGO);
    }
  }
}
