import { Fingerprints } from "./fingerprints.js";

/** A push that is being accepted: stored or handled. */
export interface Pending {
  readonly subject: string;
  readonly digest: string;
  /** Settles when the push is accepted or rejected. */
  readonly accepting: Promise<unknown>;
  /** Number of requests that wait for it: the first one and its duplicates. */
  waiting: number;
  /** Whether a response was 503: the next duplicate is the retry, even if other pushes of the subject arrived in between. */
  isLate: boolean;
  /** Whether a later push of its subject was accepted before it. */
  isOvertaken: boolean;
}

/** Maximum number of subjects. Beyond it, the older half is forgotten. */
const MAX_SUBJECTS = 100_000;

/** How long a retry is expected. The vendor retries for about five minutes. */
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
 * Detects a push whose bytes are identical to the last push of its subject. It has two tables: when the younger one is full, it replaces the
 * older one, so forgetting subjects takes no time.
 */
export class Duplicates {
  #younger = new Fingerprints();
  #older = new Fingerprints();
  /** The pending pushes of each subject, in the order of arrival. */
  readonly #pending = new Map<string, Pending[]>();
  /** Pushes that were accepted after the response 503, each with the time: their senders retry. */
  readonly #expectedRetries = new Map<string, number>();

  constructor(private readonly windowMs: number) {}

  /**
   * Whether a push is a duplicate: the subject's last push had this digest, within the window. If that push is pending, returns it: the
   * duplicate waits for it.
   */
  find(subject: string, digest: string): Pending | boolean {
    const pending = this.#pending.get(subject);
    if (pending !== undefined) {
      const last = pending.at(-1);
      if (last?.digest === digest) return last;
      const late = pending.find((each) => each.isLate && each.digest === digest);
      if (late !== undefined) return late;
    }
    if (this.#isExpectedRetry(subject, digest)) return true;
    // A later push of the subject is pending, so the last accepted push is not the last one.
    if (pending?.some(({ isOvertaken }) => !isOvertaken)) return false;
    return this.#isLast(subject, digest);
  }

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

  /** Remembers an accepted push as its subject's last. */
  remember(subject: string, digest: string, at: number = steadyNow()): void {
    for (const each of this.#pending.get(subject) ?? []) each.isOvertaken = true;
    this.#put(subject, digest, at);
  }

  #put(subject: string, digest: string, at: number): void {
    if (this.#younger.size >= MAX_SUBJECTS / 2) {
      this.#older = this.#younger;
      this.#younger = new Fingerprints();
    }
    this.#younger.put(subject, digest, at);
  }

  /** Remembers a push of an earlier process as its subject's last, unless one is pending. Call it in the order of arrival. */
  recover(subject: string, digest: string, receivedAt: number): void {
    // Also if the push is outside the window: it replaces earlier ones.
    if (!this.#pending.has(subject)) this.remember(subject, digest, Math.min(receivedAt, steadyNow()));
  }

  /** Adds a pending push, until `settle`. */
  begin(subject: string, digest: string, accepting: Promise<unknown>): Pending {
    const begun = { subject, digest, accepting, waiting: 0, isLate: false, isOvertaken: false };
    const pending = this.#pending.get(subject);
    if (pending === undefined) this.#pending.set(subject, [begun]);
    else pending.push(begun);
    return begun;
  }

  /** Removes a pending push. An accepted push is its subject's last one, unless it was overtaken. A rejected push is forgotten. */
  settle(settled: Pending, accepted: boolean): void {
    const { subject, digest, isLate, waiting, isOvertaken } = settled;
    const pending = this.#pending.get(subject) ?? [];
    const index = pending.indexOf(settled);
    if (pending.length > 1) pending.splice(index, 1);
    else this.#pending.delete(subject);
    if (!accepted) {
      // The last accepted push has the same bytes. Forget it, or the retry of this push would be a duplicate of it.
      if (this.#isLast(subject, digest)) this.#put(subject, NO_DIGEST, steadyNow());
      return;
    }
    if (!isOvertaken) {
      for (let i = 0; i < index; i++) (pending[i] as Pending).isOvertaken = true;
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
