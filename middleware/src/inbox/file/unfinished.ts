import type { PushType } from "../../generated/types.js";
import type { Entry, MarkHead, Place, PushHead } from "../../journal/index.js";
import type { Job } from "../../work/scheduler.js";
import type { DeadPush, InboxState, StoredPush } from "../inbox.js";

/** A push that is not finished. */
export interface UnfinishedPush extends Job {
  readonly id: string;
  readonly type: PushType;
  readonly receivedAt: Date;
  readonly subject: string | undefined;
  readonly quarantined: boolean;
  /** Its place in the order in which the pushes came. */
  readonly seq: number;
  failures: number;
  /** Whether an operator has retried it after it was dead. */
  isRetry: boolean;
  place: Place;
  /** Kept in memory while few wait; read from disk otherwise. Set by the ledger alone, which counts the bytes. */
  push: StoredPush | undefined;
  dead: DeadPush["state"] | undefined;
  error: string | undefined;
  /** The mark that finished it. */
  finished: "handled" | "ignored" | "dropped" | undefined;
}

/** A mark without its error's text, at most. */
const MARK_BYTES = 200;
/** As JSON writes what it has to escape. */
const MAX_BYTES_PER_CHARACTER = 6;

/** The pushes that are not done, and what they take of each segment. Built from the journal's lines, in their order. */
export class UnfinishedPushes {
  readonly #live = new Map<string, UnfinishedPush>();
  readonly #dead = new Map<string, UnfinishedPush>();
  /** Bytes of the lines of open pushes. */
  readonly #perSegment = new Map<number, number>();
  #heldBytes = 0;

  open(head: PushHead, place: Place, receivedAt = new Date(head.at)): UnfinishedPush {
    const { id, type, subject, seq, quarantined = false } = head;
    const item: UnfinishedPush = {
      id,
      type: type as PushType,
      receivedAt,
      subject,
      quarantined,
      seq,
      failures: 0,
      isRetry: false,
      place,
      push: undefined,
      dead: undefined,
      error: undefined,
      finished: undefined,
    };
    this.#live.set(id, item);
    this.#count(item, 1);
    return item;
  }

  /** Removes a finished item. */
  close(item: UnfinishedPush, finished: UnfinishedPush["finished"]): void {
    if (item.finished !== undefined) return;
    item.finished = finished;
    this.release(item);
    this.#live.delete(item.id);
    this.#dead.delete(item.id);
    this.#count(item, -1);
  }

  /** Sets the number of failed attempts and the last error. */
  fail(item: UnfinishedPush, failures: number, error: string | undefined): void {
    this.#count(item, -1);
    item.failures = failures;
    item.error = error;
    this.#count(item, 1);
  }

  bury(item: UnfinishedPush, state: DeadPush["state"], error: string | undefined): void {
    this.#count(item, -1);
    item.dead = state;
    item.error = error;
    this.#count(item, 1);
    this.release(item);
    this.#live.delete(item.id);
    this.#dead.set(item.id, item);
  }

  isDead(id: string): boolean {
    return this.#dead.has(id);
  }

  /** A dead item that lives again, as at its first try; nothing when none has the id. */
  revive(id: string): UnfinishedPush | undefined {
    const item = this.#dead.get(id);
    if (item === undefined) return undefined;
    this.#dead.delete(id);
    this.#live.set(id, item);
    item.dead = undefined;
    item.isRetry = true;
    this.fail(item, 0, undefined);
    return item;
  }

  /** Keeps the item's push in memory. */
  hold(item: UnfinishedPush, push: StoredPush): void {
    this.release(item);
    item.push = push;
    this.#heldBytes += push.body.length;
  }

  /** Leaves the item's push to the disk. */
  release(item: UnfinishedPush): void {
    this.#heldBytes -= item.push?.body.length ?? 0;
    item.push = undefined;
  }

  /** Bytes of the bodies that are kept in memory. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** The item's line stands somewhere else now. */
  move(item: UnfinishedPush, place: Place): void {
    this.#count(item, -1);
    item.place = place;
    this.#count(item, 1);
  }

  /** What it takes to carry an item: its line, and the mark of what became of it. */
  #count({ place, error = "" }: UnfinishedPush, sign: 1 | -1): void {
    const bytes = place.length + MARK_BYTES + error.length * MAX_BYTES_PER_CHARACTER;
    this.#perSegment.set(place.segment, (this.#perSegment.get(place.segment) ?? 0) + sign * bytes);
  }

  /** Bytes that it takes at most to carry those pushes of a segment that are not done; 0 when all are. */
  openBytes(segment: number): number {
    return this.#perSegment.get(segment) ?? 0;
  }

  itemsIn(segment: number): UnfinishedPush[] {
    return [...this.#live.values(), ...this.#dead.values()].filter(({ place }) => place.segment === segment);
  }

  forget(segment: number): void {
    this.#perSegment.delete(segment);
  }

  get waiting(): number {
    return this.#live.size;
  }

  /** In the order in which they came, though a line that was carried to a later segment stands after those of later pushes. */
  live(): UnfinishedPush[] {
    return [...this.#live.values()].sort((a, b) => a.seq - b.seq);
  }

  /** All dead pushes, or only the one with this id. */
  dead(id?: string): DeadPush[] {
    const one = id === undefined ? undefined : this.#dead.get(id);
    const items = id === undefined ? [...this.#dead.values()] : one === undefined ? [] : [one];
    return items.map(({ id, type, receivedAt, dead, quarantined, failures, error }) => {
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
    const item = this.#dead.get(id);
    if (item !== undefined) this.close(item, "dropped");
    return item !== undefined;
  }

  state(): Omit<InboxState, "open"> {
    let oldest: Date | undefined;
    for (const { receivedAt } of this.#live.values()) {
      if (oldest === undefined || receivedAt < oldest) oldest = receivedAt;
    }
    return { queued: this.#live.size, oldest, dead: this.#dead.size };
  }
}

/** Marks of finished pushes. Earlier versions wrote `done` instead of `handled`. */
const FINISHED: ReadonlySet<string> = new Set(["handled", "ignored", "dropped", "done"]);

/** Makes a ledger from what is in a journal. Lines of a push that is done already, such as a carried copy, are passed over. */
export class Recovery {
  readonly ledger = new UnfinishedPushes();
  readonly #items = new Map<string, UnfinishedPush>();
  readonly #done = new Set<string>();
  #lastSeq = 0;

  constructor(private readonly onPush: (head: PushHead) => void) {}

  readonly take = ({ head, place }: Entry): void => {
    if (head.kind === "push") this.#takePush(head, place);
    else if (head.kind === "mark") this.#takeMark(head);
  };

  #takePush(head: PushHead, place: Place): void {
    if (this.#done.has(head.id)) return;
    const known = this.#items.get(head.id);
    if (known !== undefined) {
      this.ledger.move(known, place);
      return;
    }
    // A carried line is out of order, so it may not be its subject's last push.
    const isCarried = head.carried === true || head.seq < this.#lastSeq;
    this.#lastSeq = Math.max(this.#lastSeq, head.seq);
    if (head.replay === undefined && !isCarried) this.onPush(head);
    this.#items.set(head.id, this.ledger.open(head, place));
  }

  #takeMark({ push, state, attempt = 0, error }: MarkHead): void {
    const isFinished = FINISHED.has(state);
    if (isFinished) this.#done.add(push);
    const item = this.#items.get(push);
    if (item === undefined) return;
    if (isFinished) this.ledger.close(item, "handled");
    else if (state === "retry") (this.ledger.revive(push) ?? item).isRetry = true;
    else if (state === "dead" || state === "quarantined") {
      item.failures = attempt;
      this.ledger.bury(item, state, error);
    } else if (state === "failed") this.ledger.fail(item, attempt, error);
  }
}
