import type { PushType } from "../generated/types.js";
import type { HeaderMap } from "../journal/index.js";
import type { Result, Routed } from "../work/handlers.js";

/** A push as an inbox keeps it: the request, and what was derived from it. */
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
  /** Aborted when the attempt has run out of time, or the inbox is closing. */
  readonly signal: AbortSignal;
}

/** Result of a push that was handed out without a failure. */
export type Consumed = Exclude<Result, "quarantined">;

/** The result that a consumer's return value stands for. */
export function consumedOf(returned: unknown): Consumed {
  return returned === "ignored" ? "ignored" : "handled";
}

/**
 * Handles one stored push. Returns, or resolves with, the push's result: `ignored`, or anything else for `handled`.
 *
 * A rejection fails the attempt: the inbox retries later. A rejection with {@link Quarantined} means: keep the push and do not retry.
 */
export type Consumer = (push: StoredPush, attempt: Attempt) => unknown;

/** Rejects a push that no handler can rely on: its inbox keeps it and does not retry by itself. */
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

/** What an inbox reports to its receiver, and asks it. */
export interface InboxEvents {
  /** A push that an earlier process stored, so that a copy of it is recognised. */
  recovered(push: RecoveredPush): void;
  /** An attempt failed; the next follows after `delayMs`. */
  failed(push: { id: string; type: PushType }, attempt: number, error: unknown, delayMs: number): void;
  /** The last attempt failed. */
  dead(push: { id: string; type: PushType }, attempt: number, error: unknown): void;
  /**
   * What to wait for before a push is handed out, because its handler may still be registered; nothing when it can be handed out now.
   * An inbox that does not ask has the consumer wait instead, which takes a slot and the attempt's time.
   */
  handlerOf?(push: Routed): Promise<void> | undefined;
  /** A warning for the owner of the receiver. */
  warn?(code: string, message: string): void;
}

/** A push that is kept and not retried by itself. */
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
  /** Whether pushes can be stored now. Where it is `false`, the other numbers are those of the last time it was open. */
  readonly open: boolean;
  /** Pushes that wait or are being handled. */
  readonly queued: number;
  /** When the oldest of them came. */
  readonly oldest: Date | undefined;
  /** Pushes that are dead or quarantined. */
  readonly dead: number;
}

/** Where pushes wait between their 200 and their handlers. Bring your own by implementing these functions. */
export interface Inbox {
  /** Stores a push. The sender's 200 relies on its resolution: a crash right after it must not lose the push. */
  put(push: StoredPush): Promise<void>;
  /** Starts to hand out what is stored, also what an earlier process left. Called once, before any `put`. */
  consume(consumer: Consumer, events: InboxEvents): void;
  /** Stops handing out, waits for what runs at most `limitMs`, then aborts it and keeps it for the next start; flushes. */
  close(limitMs: number): Promise<void>;
  /**
   * Hands a push to the consumer in its subject's turn without storing it, and resolves with its result. Rejects with what the consumer
   * rejected with. An inbox without this function has replays handled at once.
   */
  replay?(push: StoredPush): Promise<Consumed>;
  /** The pushes that are kept and not retried by themselves; with `id`, that one alone, if there is one. */
  dead?(id?: string): Promise<readonly DeadPush[]>;
  /** Retries a dead push; `false` when there is none of that id. */
  retry?(id: string): Promise<boolean>;
  /** Discards a dead push; `false` when there is none of that id. */
  drop?(id: string): Promise<boolean>;
  state?(): InboxState;
  /** Resolves when pushes can be stored; rejects with the reason when they cannot. */
  ready?(): Promise<void>;
}
