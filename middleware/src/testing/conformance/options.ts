import type { Inbox } from "../../inbox/inbox.js";

/** A rule of {@link Inbox} as a test case. `run` rejects if the inbox breaks the rule. */
export interface ConformanceCase {
  readonly name: string;
  run(): Promise<void>;
}

/** How the suite checks `Attempt.transaction`. `Transaction`: type of the transaction. */
export interface TransactionEffects<Transaction> {
  /** Writes a text through the transaction of an attempt, as a handler does. */
  write(transaction: Transaction, text: string): unknown;
  /** Reads all texts whose transaction was committed, from the storage of the newest inbox. */
  read(): readonly string[] | Promise<readonly string[]>;
}

/** How the suite creates inboxes. */
export interface ConformanceOptions<Transaction = undefined> {
  /**
   * Creates an inbox. If `keepStorage` is true, it uses the storage of the previous inbox; otherwise an empty storage. The previous inbox is
   * closed or has crashed. With the capability `shared` it may still be open. One rule opens a second inbox even without `shared`: its `open`
   * may reject.
   *
   * The inbox must retry a failed push at least twice, after at most 100 ms each time. Within `timeoutMs`, it must pass the pushes of an
   * inbox that has crashed to its consumer.
   */
  make(keepStorage: boolean): Inbox<Transaction> | Promise<Inbox<Transaction>>;
  /**
   * Ends an inbox as `kill -9` ends its process: from now on it stores nothing, not even the result of a running attempt. It releases
   * nothing that the end of a process does not release. The suite does not call `close` afterwards. Default: `inbox.close(0)`, which is not a
   * complete test of a crash.
   */
  crash?(inbox: Inbox<Transaction>): void | Promise<void>;
  /** Required if the inbox has the capability `transaction`. */
  effects?: TransactionEffects<Transaction>;
  /** Time limit of each step of a case. Milliseconds; default 5,000. */
  timeoutMs?: number;
}

/** The options with their defaults, for any transaction. */
export interface CheckedOptions extends Required<Omit<ConformanceOptions<unknown>, "effects">> {
  readonly effects: TransactionEffects<unknown> | undefined;
}
