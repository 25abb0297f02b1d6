import { Fingerprints } from "./fingerprints.js";

/** A push that is being stored or handled. */
export interface Pending {
  readonly subject: string;
  readonly digest: string;
  readonly kept: Promise<unknown>;
  /** Number of requests waiting for it: the first one and its copies. */
  waiting: number;
  /** A response was 503: the next copy is the retry, even if other pushes of the subject came in between. */
  late: boolean;
  /** A push of its subject that came after it has been accepted before it. */
  overtaken: boolean;
}

/** Beyond this many subjects the older half is forgotten, so that memory stays bounded. */
const MAX_SUBJECTS = 100_000;

/** The vendor retries for about five minutes. */
const RETRY_WINDOW_MS = 10 * 60_000;
const MAX_EXPECTED = 1_000;

/** Matches no push. */
const NO_DIGEST = "0".repeat(64);

/** Looked up once: it costs more than the time itself. */
let origin: number | undefined;

/** Milliseconds since 1970. Not affected by changes of the system clock. */
export function steadyNow(): number {
  origin ??= performance.timeOrigin;
  return origin + performance.now();
}

/**
 * Recognises a byte-identical copy of the last push about a subject. Two generations of half the memory each: looking up and forgetting
 * cost the same however many subjects there are.
 */
export class Duplicates {
  #young = new Fingerprints();
  #old = new Fingerprints();
  /** The pushes of each subject that are being kept, in the order of arrival. */
  readonly #pending = new Map<string, Pending[]>();
  /** Pushes that were accepted after their senders had been told to send them again, and when. */
  readonly #expected = new Map<string, number>();

  constructor(private readonly windowMs: number) {}

  /** Whether the subject's last push had these very bytes, within the window; while that is being kept, it is what the copy waits for. */
  find(subject: string, digest: string): Pending | boolean {
    const pending = this.#pending.get(subject);
    if (pending !== undefined) {
      const last = pending.at(-1);
      if (last?.digest === digest) return last;
      const late = pending.find((each) => each.late && each.digest === digest);
      if (late !== undefined) return late;
    }
    if (this.#isExpected(subject, digest)) return true;
    // A later push of the subject is being kept now, so the last accepted push is not the last one.
    if (pending?.some(({ overtaken }) => !overtaken)) return false;
    return this.#isLast(subject, digest);
  }

  #isLast(subject: string, digest: string): boolean {
    const at = this.#young.find(subject, digest) ?? this.#old.find(subject, digest);
    return at !== undefined && steadyNow() - at < this.windowMs;
  }

  #isExpected(subject: string, digest: string): boolean {
    if (this.#expected.size === 0) return false;
    const key = digest + subject;
    const at = this.#expected.get(key);
    return this.#expected.delete(key) && steadyNow() - (at as number) < RETRY_WINDOW_MS;
  }

  /** Remembers an accepted push as its subject's last. */
  remember(subject: string, digest: string, at: number = steadyNow()): void {
    for (const each of this.#pending.get(subject) ?? []) each.overtaken = true;
    this.#put(subject, digest, at);
  }

  #put(subject: string, digest: string, at: number): void {
    if (this.#young.size >= MAX_SUBJECTS / 2) {
      this.#old = this.#young;
      this.#young = new Fingerprints();
    }
    this.#young.put(subject, digest, at);
  }

  /** Remembers a push of an earlier process as its subject's last, unless one is being kept. Call it in the order of arrival. */
  recover(subject: string, digest: string, receivedAt: number): void {
    // Also a push outside the window: it replaces the earlier ones.
    if (!this.#pending.has(subject)) this.remember(subject, digest, Math.min(receivedAt, steadyNow()));
  }

  /** A push is being kept: until it is settled, its copies find what they have to wait for. */
  begin(subject: string, digest: string, kept: Promise<unknown>): Pending {
    const begun = { subject, digest, kept, waiting: 0, late: false, overtaken: false };
    const pending = this.#pending.get(subject);
    if (pending === undefined) this.#pending.set(subject, [begun]);
    else pending.push(begun);
    return begun;
  }

  /** The push was accepted, and is its subject's last unless it was overtaken; or it was not, and nothing is remembered of it. */
  settle(settled: Pending, accepted: boolean): void {
    const { subject, digest, late, waiting, overtaken } = settled;
    const pending = this.#pending.get(subject) ?? [];
    const index = pending.indexOf(settled);
    if (pending.length > 1) pending.splice(index, 1);
    else this.#pending.delete(subject);
    if (!accepted) {
      // The last accepted push has the same bytes. Forget it, or the retry of this push would be taken for its duplicate.
      if (this.#isLast(subject, digest)) this.#put(subject, NO_DIGEST, steadyNow());
      return;
    }
    if (!overtaken) {
      for (let i = 0; i < index; i++) (pending[i] as Pending).overtaken = true;
      this.#put(subject, digest, steadyNow());
    }
    // A request that still waits gets 200 now, so no retry follows.
    if (late && waiting === 0) this.#expectRetry(digest + subject);
  }

  #expectRetry(key: string): void {
    this.#expected.set(key, steadyNow());
    const [oldest] = this.#expected.keys();
    if (this.#expected.size > MAX_EXPECTED) this.#expected.delete(oldest as string);
  }
}
