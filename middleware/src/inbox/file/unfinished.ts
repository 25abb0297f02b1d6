import type { PushType } from "../../generated/types.js";
import type { MarkHead, PushHead, RecordEntry, RecordLocation } from "../../journal/index.js";
import type { Job } from "../../work/scheduler.js";
import type { DeadPush, InboxState, StoredPush } from "../inbox.js";

/**
 * A push that is waiting, being handled, dead or quarantined. Change `location`, `error`, `stored` and `dead` only through
 * {@link UnfinishedPushes}, which updates its counts.
 */
export interface UnfinishedPush extends Job {
  readonly id: string;
  readonly type: PushType;
  readonly receivedAt: Date;
  readonly subject: string | undefined;
  readonly quarantined: boolean;
  /** Position in the order of arrival. */
  readonly seq: number;
  /** Number of failed attempts. */
  failures: number;
  /** Number of consecutive failures to read it from disk. */
  failedReads: number;
  /** Whether it was retried by hand after it was dead. */
  isRetry: boolean;
  location: RecordLocation;
  /** The push, if it is in memory. Otherwise it is read from disk before the attempt. */
  stored: StoredPush | undefined;
  dead: DeadPush["state"] | undefined;
  error: string | undefined;
  /** Set when it is finished. */
  finished: "handled" | "ignored" | "dropped" | undefined;
}

/** Maximum size of a mark without its error message. */
const MAX_MARK_BYTES = 200;
/** Maximum size of one character in JSON, when it is escaped. */
const MAX_BYTES_PER_CHARACTER = 6;

/** The unfinished pushes of the inbox, and how many bytes they take in each segment. */
export class UnfinishedPushes {
  /** Pushes that wait or are being handled. */
  readonly #queued = new Map<string, UnfinishedPush>();
  readonly #dead = new Map<string, UnfinishedPush>();
  /** Maximum number of bytes needed to rewrite the unfinished pushes of each segment. */
  readonly #bytesPerSegment = new Map<number, number>();
  #bytesInMemory = 0;

  add(head: PushHead, location: RecordLocation, receivedAt = new Date(head.at)): UnfinishedPush {
    const { id, type, subject, seq, quarantined = false } = head;
    const push: UnfinishedPush = {
      id,
      type: type as PushType,
      receivedAt,
      subject,
      quarantined,
      seq,
      failures: 0,
      failedReads: 0,
      isRetry: false,
      location,
      stored: undefined,
      dead: undefined,
      error: undefined,
      finished: undefined,
    };
    this.#queued.set(id, push);
    this.#addBytes(push, 1);
    return push;
  }

  get(id: string): UnfinishedPush | undefined {
    return this.#queued.get(id) ?? this.#dead.get(id);
  }

  /** Removes a finished push. */
  finish(push: UnfinishedPush, finished: UnfinishedPush["finished"]): void {
    if (push.finished !== undefined) return;
    push.finished = finished;
    this.unload(push);
    this.#queued.delete(push.id);
    this.#dead.delete(push.id);
    this.#addBytes(push, -1);
  }

  /** Sets the number of failed attempts and the last error. */
  fail(push: UnfinishedPush, failures: number, error: string | undefined): void {
    this.#addBytes(push, -1);
    push.failures = failures;
    push.error = error;
    this.#addBytes(push, 1);
  }

  markDead(push: UnfinishedPush, state: DeadPush["state"], error: string | undefined): void {
    this.#addBytes(push, -1);
    push.dead = state;
    push.error = error;
    this.#addBytes(push, 1);
    this.unload(push);
    this.#queued.delete(push.id);
    this.#dead.set(push.id, push);
  }

  isDead(id: string): boolean {
    return this.#dead.has(id);
  }

  /** Moves a dead push back to the queued pushes, with attempts from 1. Returns `undefined` if none has this id. */
  retry(id: string): UnfinishedPush | undefined {
    const push = this.#dead.get(id);
    if (push === undefined) return undefined;
    this.#dead.delete(id);
    this.#queued.set(id, push);
    push.dead = undefined;
    push.isRetry = true;
    this.fail(push, 0, undefined);
    return push;
  }

  /** Keeps the push in memory. */
  load(push: UnfinishedPush, stored: StoredPush): void {
    this.unload(push);
    push.stored = stored;
    this.#bytesInMemory += stored.body.length;
  }

  /** Removes the push from memory. It is still on disk. */
  unload(push: UnfinishedPush): void {
    this.#bytesInMemory -= push.stored?.body.length ?? 0;
    push.stored = undefined;
  }

  /** Bytes of the bodies in memory. */
  get bytesInMemory(): number {
    return this.#bytesInMemory;
  }

  /** Sets the new location of the push's record. */
  move(push: UnfinishedPush, location: RecordLocation): void {
    this.#addBytes(push, -1);
    push.location = location;
    this.#addBytes(push, 1);
  }

  /** Adds or subtracts the size of the push's record, and the maximum size of a mark for its state. */
  #addBytes({ location, error = "" }: UnfinishedPush, sign: 1 | -1): void {
    const bytes = location.length + MAX_MARK_BYTES + error.length * MAX_BYTES_PER_CHARACTER;
    this.#bytesPerSegment.set(location.segment, (this.#bytesPerSegment.get(location.segment) ?? 0) + sign * bytes);
  }

  /** Maximum number of bytes needed to rewrite the unfinished pushes of a segment; 0 if it has none. */
  bytesToRewrite(segment: number): number {
    return this.#bytesPerSegment.get(segment) ?? 0;
  }

  inSegment(segment: number): UnfinishedPush[] {
    return [...this.#queued.values(), ...this.#dead.values()].filter(({ location }) => location.segment === segment);
  }

  forgetSegment(segment: number): void {
    this.#bytesPerSegment.delete(segment);
  }

  /** Number of pushes that wait or are being handled. */
  get queuedCount(): number {
    return this.#queued.size;
  }

  /** The queued pushes in the order of arrival. A rewritten record may follow the records of later pushes. */
  queued(): UnfinishedPush[] {
    return [...this.#queued.values()].sort((a, b) => a.seq - b.seq);
  }

  /** All dead and quarantined pushes, or only the one with this id. */
  dead(id?: string): DeadPush[] {
    const one = id === undefined ? undefined : this.#dead.get(id);
    const pushes = id === undefined ? [...this.#dead.values()] : one === undefined ? [] : [one];
    return pushes.map(({ id, type, receivedAt, dead, quarantined, failures, error }) => {
      const state = dead ?? "dead";
      return {
        id,
        type,
        receivedAt,
        state,
        quarantined: quarantined || state === "quarantined",
        attempts: failures,
        error,
      };
    });
  }

  /** Removes a dead push. Returns `false` if there is none with this id. */
  drop(id: string): boolean {
    const push = this.#dead.get(id);
    if (push !== undefined) this.finish(push, "dropped");
    return push !== undefined;
  }

  state(): Omit<InboxState, "open"> {
    let oldest: Date | undefined;
    for (const { receivedAt } of this.#queued.values()) {
      if (oldest === undefined || receivedAt < oldest) oldest = receivedAt;
    }
    return { queued: this.#queued.size, oldest, dead: this.#dead.size };
  }
}

/** States of marks that finish a push. Earlier versions wrote `done` instead of `handled`. */
const FINISHED: ReadonlySet<string> = new Set(["handled", "ignored", "dropped", "done"]);

/** Collects the unfinished pushes of a journal from its records, in their order. Ignores further records of a finished push. */
export class Recovery {
  readonly pushes = new UnfinishedPushes();
  readonly #known = new Map<string, UnfinishedPush>();
  readonly #finished = new Set<string>();
  #lastSeq = 0;

  /** @param onPush called for each push in the order of arrival, even if it is finished. Not called for replays and rewritten records. */
  constructor(private readonly onPush: (head: PushHead) => void) {}

  readonly addEntry = ({ head, location }: RecordEntry): void => {
    if (head.kind === "push") this.#addPush(head, location);
    else if (head.kind === "mark") this.#addMark(head);
  };

  #addPush(head: PushHead, location: RecordLocation): void {
    if (this.#finished.has(head.id)) return;
    const known = this.#known.get(head.id);
    if (known !== undefined) {
      this.pushes.move(known, location);
      return;
    }
    // A rewritten record is out of order, so it may not be its subject's last push.
    const isRewritten = head.carried === true || head.seq < this.#lastSeq;
    this.#lastSeq = Math.max(this.#lastSeq, head.seq);
    if (head.replay === undefined && !isRewritten) this.onPush(head);
    this.#known.set(head.id, this.pushes.add(head, location));
  }

  #addMark({ push: id, state, attempt = 0, error }: MarkHead): void {
    const isFinished = FINISHED.has(state);
    if (isFinished) this.#finished.add(id);
    const push = this.#known.get(id);
    if (push === undefined) return;
    if (isFinished) this.pushes.finish(push, "handled");
    else if (state === "retry") (this.pushes.retry(id) ?? push).isRetry = true;
    else if (state === "dead" || state === "quarantined") {
      push.failures = attempt;
      this.pushes.markDead(push, state, error);
    } else if (state === "failed") this.pushes.fail(push, attempt, error);
  }
}
