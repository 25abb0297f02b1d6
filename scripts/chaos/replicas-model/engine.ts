import type { Inbox } from "airudder-webhooks/inbox";

/** The inbox of one process. */
export interface ModelWorker {
  readonly inbox: Inbox<unknown>;
  /** Cuts it off from the storage, as a suspended process or a broken network does. */
  freeze(): void;
  /** Ends `freeze`. */
  thaw(): void;
  /** Ends it as `kill -9` does: nothing that it does afterwards reaches the storage. */
  crash(): void;
}

/** An inbox for several processes, as the model uses it. */
export interface ModelEngine {
  readonly name: string;
  /** Whether its inboxes have the capability `order`. */
  readonly hasOrder: boolean;
  /** The option `retries` of its inboxes. */
  readonly retries: number;
  /** How long its inboxes hold a push without a renewal. Milliseconds. */
  readonly leaseMs: number;
  /** Creates an empty storage. */
  reset(): Promise<void>;
  /** Creates an inbox on this storage. */
  connect(): Promise<ModelWorker>;
  /** The ids of the pushes that are neither finished nor dead nor quarantined. */
  unfinished(): Promise<readonly string[]>;
  /** Writes the id of a push through a transaction. Only if its inboxes have transactions. */
  write?(transaction: unknown, id: string): unknown;
  /** The ids that were written in committed transactions. Only if its inboxes have transactions. */
  effects?(): Promise<readonly string[]>;
  /** Ends its servers. */
  stop(): Promise<void>;
}
