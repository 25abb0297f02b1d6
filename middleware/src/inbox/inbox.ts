import type { PushType } from "../generated/types.js";
import type { HeaderMap } from "../journal/index.js";

/** A push as an inbox keeps it: what came, and what was found out about it. */
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

/** One try to handle a stored push. */
export interface Attempt {
  /** 1 for the first. */
  readonly number: number;
  /** Aborted when the try has run out of time, or the inbox is closing. */
  readonly signal: AbortSignal;
}

/** Handles one stored push. Its rejection means: try again later; with {@link Quarantined}: keep it, and do not try again. */
export type Consumer = (push: StoredPush, attempt: Attempt) => void | Promise<void>;

/** Rejects a push that no handler can rely on: its inbox keeps it, and does not try again by itself. */
export class Quarantined extends Error {
  override readonly name = "Quarantined";

  constructor() {
    super('The payload lacks what every handler of its type needs, and there is no "quarantined" handler.');
  }
}

/** What is remembered of a push that an earlier process stored. */
export type RecoveredPush = Pick<StoredPush, "subject" | "type" | "sha256" | "receivedAt">;

/** What an inbox tells its receiver. */
export interface InboxEvents {
  /** A push that an earlier process stored, so that a copy of it is recognised. */
  recovered(push: RecoveredPush): void;
  retrying(push: { id: string; type: PushType }, attempt: number, error: unknown, delayMs: number): void;
  dead(push: { id: string; type: PushType }, attempt: number, error: unknown): void;
}

/** A push that is kept and not tried again by itself. */
export interface DeadPush {
  readonly id: string;
  readonly type: PushType;
  readonly receivedAt: Date;
  readonly state: "dead" | "quarantined";
  readonly attempts: number;
  /** Message of the last failure. */
  readonly error: string | undefined;
}

/** How much waits in an inbox. */
export interface InboxState {
  /** Pushes that wait or are being handled. */
  readonly queued: number;
  /** When the oldest of them came. */
  readonly oldest: Date | undefined;
  /** Pushes that are dead or quarantined. */
  readonly dead: number;
}

/** Where pushes wait between their 200 and their handlers. Bring your own by these few functions. */
export interface Inbox {
  /** Stores a push. Its resolution is what the sender's 200 rests on: a crash right after it must not lose the push. */
  put(push: StoredPush): Promise<void>;
  /** Starts handing out what is stored, also what an earlier process left. Called once, before any `put`. */
  consume(consumer: Consumer, events: InboxEvents): void;
  /** Stops handing out, waits for what runs at most `limitMs`, then aborts it and gives it back; flushes. */
  close(limitMs: number): Promise<void>;
  /** The pushes that are kept and not tried again by themselves. */
  dead?(): Promise<readonly DeadPush[]>;
  /** Tries a dead push again; `false` when there is none of that id. */
  retry?(id: string): Promise<boolean>;
  state?(): InboxState;
  /** Resolves when pushes can be stored; rejects with the reason when they cannot. */
  ready?(): Promise<void>;
}
