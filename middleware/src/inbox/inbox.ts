import type { PushType } from "../generated/types.js";
import type { HeaderMap } from "../journal/index.js";
import type { HandlerKey, HandlerResult } from "../receiver/handlers.js";

/** A push as an inbox stores it: the request, and the values derived from it. */
export interface StoredPush {
  readonly id: string;
  readonly type: PushType;
  readonly receivedAt: Date;
  readonly method: string;
  /** Without the token. */
  readonly url: string;
  readonly headers: HeaderMap;
  /** The exact bytes that came. */
  readonly body: Buffer;
  /** SHA-256 of `body`, hex. */
  readonly sha256: string;
  readonly reserialised: boolean;
  readonly verified: boolean;
  readonly replay: string | undefined;
  /** What it is about: pushes about one subject are handled in the order they came. */
  readonly subject: string | undefined;
  readonly task: string | undefined;
  readonly call: string | undefined;
  readonly workflow: string | undefined;
  /** Number of drift entries. */
  readonly drift: number;
  readonly quarantined: boolean;
}

/** One attempt to handle a stored push. */
export interface Attempt {
  /** 1 for the first. */
  readonly number: number;
  /** Aborted when the attempt reaches its time limit, or when the inbox closes. */
  readonly signal: AbortSignal;
  /** Whether an operator has retried the push after it was dead. Without a handler, such a push fails and is not ignored. */
  readonly isRetry?: boolean;
}

/** Result of a push that a consumer has processed without an error. */
export type Consumed = Exclude<HandlerResult, "quarantined">;

/** Converts the return value of a consumer to a result. */
export function consumedOf(returned: unknown): Consumed {
  return returned === "ignored" ? "ignored" : "handled";
}

/**
 * Handles one stored push. Returns, or resolves with, `"ignored"` if no handler is registered for it, and any other value if it was handled.
 *
 * If it throws or rejects, the attempt has failed and the inbox retries later. Exception: {@link Quarantined} means that the inbox keeps
 * the push and does not retry.
 */
export type Consumer = (push: StoredPush, attempt: Attempt) => unknown;

/** Thrown by a consumer for a push that no handler can rely on. The inbox keeps the push and does not retry it automatically. */
export class Quarantined extends Error {
  override readonly name = "Quarantined";

  constructor() {
    super(
      "No handler can rely on this push: its type is unknown, or its payload lacks what the handlers of its type need.",
    );
  }
}

/** What is remembered of a push that an earlier process stored. */
export type RecoveredPush = Pick<StoredPush, "subject" | "type" | "sha256" | "receivedAt">;

/** Functions of the receiver that an inbox calls. */
export interface InboxEvents {
  /** Reports a push that an earlier process stored, so that duplicates of it are detected. */
  recovered(push: RecoveredPush): void;
  /** An attempt failed. The next one starts after `delayMs`. */
  failed(push: { id: string; type: PushType }, attempt: number, error: unknown, delayMs: number): void;
  /** The last attempt failed. */
  dead(push: { id: string; type: PushType }, attempt: number, error: unknown): void;
  /**
   * Returns a promise if the push has no handler yet and one may still be registered: wait for it before you call the consumer. Returns
   * `undefined` if you can call the consumer now. If an inbox does not call this, the consumer waits instead, during the attempt.
   */
  handlerOf?(push: HandlerKey): Promise<void> | undefined;
  /** Retries a dead push for another process, as `receiver.retry()` does. Rejects with `no_handler` if the push has no handler. */
  retry?(id: string): Promise<boolean>;
  /** A warning for the owner of the receiver. */
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
  readonly attempts: number;
  /** Message of the last failure. */
  readonly error: string | undefined;
}

/** How much waits in an inbox. */
export interface InboxState {
  /** Whether pushes can be stored now. If `false`, the other values are from the last time it was open. */
  readonly open: boolean;
  /** Pushes that wait or are being handled. */
  readonly queued: number;
  /** When the oldest of them came. */
  readonly oldest: Date | undefined;
  /** Pushes that are dead or quarantined. */
  readonly dead: number;
}

/** Stores pushes between the 200 response and their handlers. Implement this interface to use your own storage. */
export interface Inbox {
  /** Stores a push. The response is 200 once it resolves, so a crash after that must not lose the push. */
  put(push: StoredPush): Promise<void>;
  /** Starts to pass stored pushes to the consumer, also those of earlier processes. Called once, before any `put`. */
  consume(consumer: Consumer, events: InboxEvents): void;
  /** Starts no more attempts, waits at most `limitMs` for running ones, then aborts them. Keeps their pushes for the next start. */
  close(limitMs: number): Promise<void>;
  /**
   * Passes a replay to the consumer after the earlier pushes of its subject, without storing it. Resolves with its result, or rejects with
   * the consumer's error. If an inbox lacks this function, replays are handled at once.
   */
  replay?(push: StoredPush): Promise<Consumed>;
  /** The dead and quarantined pushes; with `id`, only the one with this id, if any. */
  dead?(id?: string): Promise<readonly DeadPush[]>;
  /** Retries a dead or quarantined push. Resolves with `false` if there is none with this id. */
  retry?(id: string): Promise<boolean>;
  /** Discards a dead or quarantined push. Resolves with `false` if there is none with this id. */
  drop?(id: string): Promise<boolean>;
  state?(): InboxState;
  /** Resolves when pushes can be stored; rejects with the reason when they cannot. */
  ready?(): Promise<void>;
}
