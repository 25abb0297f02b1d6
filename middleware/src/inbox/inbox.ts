import type { PushType } from "../generated/types.js";
import type { HeaderMap } from "../journal/index.js";
import type { PushFacts } from "../push/facts.js";

/** A push as an inbox stores it: the request, and the values derived from it. */
export interface StoredPush extends Readonly<PushFacts> {
  readonly id: string;
  readonly type: PushType;
  readonly receivedAt: Date;
  readonly method: string;
  /** URL of the request, without the token. */
  readonly url: string;
  /** Headers of the request, without the token. */
  readonly headers: HeaderMap;
  /** The exact bytes as received. */
  readonly body: Buffer;
  /** SHA-256 of `body`, hex. */
  readonly sha256: string;
  /** Whether an earlier parser consumed the bytes: `body` was re-serialised from the parsed object. */
  readonly reserialised: boolean;
  readonly verified: boolean;
  /** The id of the recorded push that this one replays; `undefined` for a push of the vendor. */
  readonly replay: string | undefined;
  /** Identifies what the push is about, such as a call, agent or task. Equal for all pushes about it. `undefined`: no subject. */
  readonly subject: string | undefined;
  /** Number of drift entries. */
  readonly drift: number;
  /** Whether the payload lacks what the handlers of its type need. */
  readonly quarantined: boolean;
}

/** One attempt to handle a push. `Transaction`: type of the transaction that the inbox passes to handlers. */
export interface Attempt<Transaction = undefined> {
  /** 1 for the first attempt. */
  readonly number: number;
  /** Aborted when the attempt reaches its time limit, or when the inbox closes. */
  readonly signal: AbortSignal;
  /** Whether the attempt was aborted. Default: `signal.aborted`. Set it if you create `signal` only when a handler reads it. */
  readonly isAborted?: boolean;
  /**
   * Whether the push was dead and `Inbox.retry` retried it; not set by automatic retries. Without a handler, an attempt fails if `isRetry`
   * is set or `number` is above 1. Otherwise it ends as `ignored`.
   */
  readonly isRetry?: boolean;
  /** The transaction that also marks the push as handled. `undefined`: the inbox has none. */
  readonly transaction?: Transaction;
  /**
   * Commits the transaction. The receiver calls it when the handlers have succeeded, before it reports the push as handled. If it rejects,
   * the attempt has failed. `undefined`: there is nothing to commit.
   */
  commit?(): Promise<void> | undefined;
}

/** Result of an attempt that succeeded. `ignored`: no handler is registered for the push. */
export type Consumed = "handled" | "ignored";

/**
 * The receiver's function that runs the handlers of one push.
 *
 * | the consumer | meaning for the inbox |
 * |---|---|
 * | returns or resolves with `"ignored"` | finished: the push has no handler |
 * | returns or resolves with another value | finished: the push was handled |
 * | throws or rejects with {@link Quarantined} | keep the push, do not retry it, call neither `failed` nor `dead` |
 * | throws or rejects with another error | the attempt failed: retry it later, or mark it as dead after the last attempt |
 *
 * `Attempts` implements this table, with time limits and retry delays.
 */
export type Consumer<Transaction = undefined> = (push: StoredPush, attempt: Attempt<Transaction>) => unknown;

/**
 * Thrown by a consumer for a push that no handler can use: its type is unknown, or its payload lacks what the handlers need. The inbox
 * keeps the push in the state `quarantined` and does not retry it automatically. The receiver has reported it already: do not call
 * `InboxEvents.failed` or `InboxEvents.dead`.
 */
export class Quarantined extends Error {
  override readonly name = "Quarantined";

  constructor() {
    super(
      "No handler can use this push: its type is unknown, or its payload lacks what the handlers of its type need.",
    );
  }
}

/** The values of an earlier push by which its duplicates are detected. */
export type RecoveredPush = Pick<StoredPush, "subject" | "type" | "sha256" | "receivedAt">;

/** Functions of the receiver that an inbox calls. They never throw. */
export interface InboxEvents {
  /**
   * Reports a push that an earlier process stored, so that duplicates of it are detected. Call it before `open` resolves, in the order of
   * arrival. Include finished pushes. An inbox whose `put` detects duplicates itself does not need it.
   */
  recovered(push: RecoveredPush): void;
  /** Forgets all pushes that were reported or accepted before. Call it before you report the pushes again with `recovered`. */
  forget?(): void;
  /**
   * Accepts a push that another process received: calls `put`, unless the push is a duplicate of one that this or another process received.
   * Resolves with the result that the other process returns from `Inbox.put`. Rejects if `put` rejects.
   * @param signal aborted when the other process no longer waits. Its response was 503 then, so the vendor sends the push again
   */
  accept?(
    push: StoredPush,
    put: () => Promise<"stored" | "duplicate">,
    signal: AbortSignal,
  ): Promise<"stored" | "duplicate">;
  /** An attempt failed and a retry follows after `delayMs`. Call it once per failed attempt. */
  failed(push: { id: string; type: PushType }, attempt: number, error: unknown, delayMs: number): void;
  /** The last attempt failed: the inbox keeps the push and does not retry it automatically. Call it instead of `failed`. */
  dead(push: { id: string; type: PushType }, attempt: number, error: unknown): void;
  /**
   * Returns a promise if the push has no handler yet, but one may still be registered. Wait for the promise before you call the consumer.
   * Returns `undefined` if you can call the consumer now. If an inbox does not call this, the consumer waits instead, during the attempt.
   */
  waitForHandler?(push: Pick<StoredPush, "type" | "quarantined">): Promise<void> | undefined;
  /**
   * Retries a dead push for another process, as `receiver.retry()` does: the receiver calls `Inbox.retry` if the push has a handler.
   * Resolves with `false` if there is no dead push with this id. Rejects with `no_handler` if the push has no handler.
   */
  retry?(id: string): Promise<boolean>;
  /** Prints a warning for the developer. */
  warn?(code: string, message: string): void;
}

/** A push that an inbox keeps and does not retry automatically. */
export interface DeadPush {
  readonly id: string;
  readonly type: PushType;
  readonly receivedAt: Date;
  readonly state: "dead" | "quarantined";
  /** Whether its payload lacks what the handlers of its type need. */
  readonly quarantined: boolean;
  /** Number of failed attempts. */
  readonly attempts: number;
  /** Message of the last failure. */
  readonly error: string | undefined;
}

/** Counts of an inbox. */
export interface InboxState {
  /** Whether pushes can be stored now. If `false`, the other values are from the last time it was open. */
  readonly open: boolean;
  /** Pushes that wait or are being handled. */
  readonly queued: number;
  /** When the oldest of them was received. */
  readonly oldest: Date | undefined;
  /** Pushes that are dead or quarantined. */
  readonly dead: number;
}

/** What an inbox offers. `inboxConformance` checks each value. */
export interface InboxCapabilities {
  /** Whether pushes of one subject are handled one at a time, in the order of `put`. Default: `true`. */
  readonly order?: boolean;
  /** Whether several inboxes, in different processes, can use the same storage at the same time. Default: `false`. */
  readonly shared?: boolean;
  /** Whether the consumer gets `Attempt.transaction`. Default: `false`. */
  readonly transaction?: boolean;
}

/**
 * Stores pushes before the response and keeps them until they are handled. Implement this interface to use your own storage, and test it
 * with `inboxConformance` of `airudder-webhooks/testing`.
 *
 * - **At least once**: the receiver responds 200 when `put` resolves. From then on the push is passed to the consumer until an attempt
 *   succeeds, or the push is dead, quarantined or dropped. A crash may repeat an attempt, but never lose a push.
 * - **Order per subject**: pushes of one subject are passed to the consumer one at a time, in the order of `put`. A failed push is retried
 *   before the later pushes of its subject. Pushes of different subjects, and pushes without a subject, may run in parallel. An inbox
 *   that cannot keep this order sets `capabilities.order` to `false`.
 * - **Storing and handling are separate**: an inbox that is open stores pushes even if `consume` is never called. Another process can
 *   then handle them.
 *
 * `Transaction`: type of the transaction that handlers get as `context.transaction`.
 */
export interface Inbox<Transaction = undefined> {
  /** What this inbox offers. Default: the default of each value. */
  readonly capabilities?: InboxCapabilities;
  /**
   * Whether `put` detects the duplicates of all processes that store pushes here. The receiver then detects none, and passes its option
   * `duplicateWindowMs` to `put`. Read for each push, so it may change. Default: `false`, the receiver detects duplicates.
   */
  readonly detectsDuplicates?: boolean;
  /**
   * Opens the storage. Resolves when pushes can be stored; rejects with the reason if not.
   *
   * The receiver calls it before every other function. It calls it again after a rejection, and to check whether pushes can still be
   * stored. If the storage is open, do nothing. All calls pass the same `events`. No call starts before the previous one has settled.
   */
  open(events: InboxEvents): Promise<void>;
  /**
   * Stores a push, and resolves with `"stored"`. Resolves with `"duplicate"` if the push equals the last stored push of its subject, or,
   * without a subject, of its type, and arrives within `duplicateWindowMs` after it. Two pushes are equal if they have the same `sha256`.
   * A duplicate is not stored and not handled. An inbox without `detectsDuplicates` can always resolve with `"stored"`.
   *
   * After a rejection the response is 503 `inbox_unavailable`, and the vendor sends the push again. Never reject if the push is stored:
   * it would be stored twice. If you do not know, reject.
   * @param duplicateWindowMs milliseconds; 0: no push is a duplicate; default 3,600,000
   */
  put(push: StoredPush, duplicateWindowMs?: number): Promise<"stored" | "duplicate">;
  /**
   * Starts to pass stored pushes to the consumer, including those of earlier processes. Called at most once, after `open` has resolved.
   * Returns without waiting for pushes.
   */
  consume(consumer: Consumer<Transaction>): void;
  /**
   * Starts no more attempts, waits at most `limitMs` for running attempts, then aborts their signals and closes the storage. Keeps
   * unfinished pushes, including those of aborted attempts, for the next start. Resolves when nothing more is written.
   */
  close(limitMs: number): Promise<void>;
  /**
   * Passes a replay to the consumer after the earlier pushes of its subject, without storing it. Resolves with its result, or rejects with
   * the consumer's error. There is only one attempt, and no event. If an inbox lacks this function, replays do not wait for their subject.
   */
  replay?(push: StoredPush): Promise<Consumed>;
  /** The dead and quarantined pushes; with `id`, only the one with this id, if any. */
  dead?(id?: string): Promise<readonly DeadPush[]>;
  /** Retries a dead or quarantined push, with attempts from 1. Resolves with `false` if there is none with this id. */
  retry?(id: string): Promise<boolean>;
  /** Discards a dead or quarantined push. Resolves with `false` if there is none with this id. */
  drop?(id: string): Promise<boolean>;
  /** The counts for `receiver.stats()`. */
  state?(): InboxState;
}
