import { Fingerprints } from "./fingerprints.js";

/** A push that is being accepted: stored or handled. */
export interface PendingPush {
  readonly subject: string;
  readonly digest: string;
  /** Settles when the push is accepted or rejected. */
  readonly accepting: Promise<unknown>;
  /** Number of requests that wait for it: the first one and its duplicates. */
  waiting: number;
  /**
   * Whether a request got the response 503 at the deadline, so its sender retries. The retry is a duplicate, even if other pushes of the
   * subject arrived in between.
   */
  isLate: boolean;
  /** Whether a later push of its subject was accepted before it. */
  isOvertaken: boolean;
}

/** Maximum number of subjects. Beyond it, the older half is forgotten. */
const MAX_SUBJECTS = 100_000;

/** How long to expect a retry after the response 503. The vendor retries for about five minutes. */
const RETRY_WINDOW_MS = 10 * 60_000;
const MAX_EXPECTED_RETRIES = 1_000;

/** Matches no push. */
const NO_DIGEST = "0".repeat(64);

/** Read once: reading `timeOrigin` takes longer than `performance.now()`. */
let origin: number | undefined;

/** Milliseconds since 1970. Not affected by changes of the system clock. */
export function steadyNow(): number {
  origin ??= performance.timeOrigin;
  return origin + performance.now();
}

/**
 * Detects a push whose bytes are identical to the last push of its subject. Subjects are kept in two tables, so that old ones can be
 * discarded together: when the younger table is full, it replaces the older one.
 */
export class Duplicates {
  #younger = new Fingerprints();
  #older = new Fingerprints();
  /** The pending pushes of each subject, in the order of arrival. */
  readonly #pending = new Map<string, PendingPush[]>();
  /** Pushes that were accepted after the response 503, each with the time: their senders retry. */
  readonly #expectedRetries = new Map<string, number>();

  constructor(private readonly windowMs: number) {}

  /**
   * Looks for a push of which this one is a duplicate.
   * @returns `false`: this push is no duplicate. `true`: it is a duplicate of an accepted push. A pending push: it is a duplicate of that
   * push, and its response waits for it.
   */
  find(subject: string, digest: string): PendingPush | boolean {
    const pending = this.#pendingOf(subject);
    if (pending !== undefined) {
      const last = pending.at(-1);
      if (last?.digest === digest) return last;
      const late = pending.find((each) => each.isLate && each.digest === digest);
      if (late !== undefined) return late;
    }
    if (this.#isExpectedRetry(subject, digest)) return true;
    // The subject's last push is still pending and has other bytes, so the last accepted push does not count.
    if (pending?.some(({ isOvertaken }) => !isOvertaken)) return false;
    return this.#isLast(subject, digest);
  }

  /** A handler that ends synchronously leaves no pending push, so most lookups are not needed. */
  #pendingOf(subject: string): PendingPush[] | undefined {
    return this.#pending.size === 0 ? undefined : this.#pending.get(subject);
  }

  /** Whether the subject's last accepted push has this digest and is within the window. */
  #isLast(subject: string, digest: string): boolean {
    const at = this.#younger.find(subject, digest) ?? this.#older.find(subject, digest);
    return at !== undefined && steadyNow() - at < this.windowMs;
  }

  #isExpectedRetry(subject: string, digest: string): boolean {
    if (this.#expectedRetries.size === 0) return false;
    const key = digest + subject;
    const at = this.#expectedRetries.get(key);
    return this.#expectedRetries.delete(key) && steadyNow() - (at as number) < RETRY_WINDOW_MS;
  }

  /** Remembers an accepted push as the last one of its subject. `at`: milliseconds since 1970. */
  remember(subject: string, digest: string, at: number = steadyNow()): void {
    for (const each of this.#pendingOf(subject) ?? []) each.isOvertaken = true;
    this.#put(subject, digest, at);
  }

  #put(subject: string, digest: string, at: number): void {
    if (this.#younger.size >= MAX_SUBJECTS / 2) {
      this.#older = this.#younger;
      this.#younger = new Fingerprints();
    }
    this.#younger.put(subject, digest, at);
  }

  /** Remembers a push of an earlier process as the last one of its subject, unless a push is pending. Call it in the order of arrival. */
  recover(subject: string, digest: string, receivedAt: number): void {
    // A push outside the window is remembered too, because it replaces earlier pushes of its subject.
    if (!this.#pending.has(subject)) this.remember(subject, digest, Math.min(receivedAt, steadyNow()));
  }

  /** Forgets the accepted pushes. Call it before the pushes of an inbox are reported again with `recover`. */
  forget(): void {
    this.#younger = new Fingerprints();
    this.#older = new Fingerprints();
  }

  /** Adds a pending push. Call `settle` when it is accepted or rejected. */
  begin(subject: string, digest: string, accepting: Promise<unknown>): PendingPush {
    const begun = { subject, digest, accepting, waiting: 0, isLate: false, isOvertaken: false };
    const pending = this.#pending.get(subject);
    if (pending === undefined) this.#pending.set(subject, [begun]);
    else pending.push(begun);
    return begun;
  }

  /** Removes a pending push. An accepted push is its subject's last one, unless it was overtaken. A rejected push is forgotten. */
  settle(settled: PendingPush, accepted: boolean): void {
    const { subject, digest, isLate, waiting, isOvertaken } = settled;
    const pending = this.#pending.get(subject) ?? [];
    const index = pending.indexOf(settled);
    if (pending.length > 1) pending.splice(index, 1);
    else this.#pending.delete(subject);
    if (!accepted) {
      // If the last accepted push has the same bytes, forget it. Otherwise the retry of the rejected push would count as its duplicate.
      if (this.#isLast(subject, digest)) this.#put(subject, NO_DIGEST, steadyNow());
      return;
    }
    if (!isOvertaken) {
      for (let i = 0; i < index; i++) (pending[i] as PendingPush).isOvertaken = true;
      this.#put(subject, digest, steadyNow());
    }
    // If a request still waits, its response is 200, so no retry follows.
    if (isLate && waiting === 0) this.#expectRetry(digest + subject);
  }

  #expectRetry(key: string): void {
    this.#expectedRetries.set(key, steadyNow());
    const [oldest] = this.#expectedRetries.keys();
    if (this.#expectedRetries.size > MAX_EXPECTED_RETRIES) this.#expectedRetries.delete(oldest as string);
  }
}
