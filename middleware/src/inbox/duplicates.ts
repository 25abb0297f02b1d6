import { Fingerprints } from "./fingerprints.js";

/** A push that is being stored or handled. */
export interface Pending {
  readonly subject: string;
  readonly digest: string;
  readonly kept: Promise<void>;
  /** Its sender has been told to send it again: the copy that comes is that try, whatever came in between. */
  late: boolean;
  /** A push of its subject that came after it has been accepted before it. */
  overtaken: boolean;
}

/** Beyond this many subjects the older half is forgotten, so that memory stays bounded. */
const MOST_SUBJECTS = 100_000;

/** The vendor tries again for about five minutes. */
const RETRIED_MS = 10 * 60_000;
const MOST_RETRIED = 1_000;

/**
 * Recognises a byte-identical copy of the last push about a subject. Two generations of half the memory each: looking up and forgetting
 * cost the same however many subjects there are.
 */
export class Duplicates {
  #young = new Fingerprints();
  #old = new Fingerprints();
  /** Of each subject what is being kept, in the order it came. */
  readonly #pending = new Map<string, Pending[]>();
  /** Pushes that were accepted after their senders had been told to send them again, and when. */
  readonly #retried = new Map<string, number>();

  constructor(private readonly windowMs: number) {}

  /** Whether the subject's last push had these very bytes, within the window; while that is being kept, it is what the copy waits for. */
  find(subject: string, digest: string): Pending | boolean {
    const pending = this.#pending.get(subject);
    if (pending !== undefined) {
      const last = pending.at(-1);
      if (last?.digest === digest) return last;
      return pending.find((each) => each.late && each.digest === digest) ?? false;
    }
    if (this.#isRetry(subject, digest)) return true;
    const at = this.#young.find(subject, digest) ?? this.#old.find(subject, digest);
    return at !== undefined && Date.now() - at < this.windowMs;
  }

  #isRetry(subject: string, digest: string): boolean {
    if (this.#retried.size === 0) return false;
    const key = digest + subject;
    const at = this.#retried.get(key);
    return this.#retried.delete(key) && Date.now() - (at as number) < RETRIED_MS;
  }

  /** Remembers an accepted push as its subject's last. */
  remember(subject: string, digest: string, at: number = Date.now()): void {
    for (const each of this.#pending.get(subject) ?? []) each.overtaken = true;
    this.#put(subject, digest, at);
  }

  #put(subject: string, digest: string, at: number): void {
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

  /** A push is being kept: until it is settled, its copies find what they have to wait for. */
  begin(subject: string, digest: string, kept: Promise<void>): Pending {
    const begun = { subject, digest, kept, late: false, overtaken: false };
    const pending = this.#pending.get(subject);
    if (pending === undefined) this.#pending.set(subject, [begun]);
    else pending.push(begun);
    return begun;
  }

  /** The push was accepted, and is its subject's last unless it was overtaken; or it was not, and nothing is remembered of it. */
  settle(settled: Pending, accepted: boolean): void {
    const { subject, digest, late, overtaken } = settled;
    const pending = this.#pending.get(subject) ?? [];
    const index = pending.indexOf(settled);
    if (pending.length > 1) pending.splice(index, 1);
    else this.#pending.delete(subject);
    if (accepted && !overtaken) {
      for (let i = 0; i < index; i++) (pending[i] as Pending).overtaken = true;
      this.#put(subject, digest, Date.now());
    }
    if (accepted && late) this.#expectRetry(digest + subject);
  }

  #expectRetry(key: string): void {
    this.#retried.set(key, Date.now());
    const [oldest] = this.#retried.keys();
    if (this.#retried.size > MOST_RETRIED) this.#retried.delete(oldest as string);
  }
}
