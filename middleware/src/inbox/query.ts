import type { SearchIds } from "../push/facts.js";

/** The newest state of a stored push. `stored`: no attempt has ended yet, or somebody retried the dead push. */
export type PushState = "stored" | "failed" | "handled" | "ignored" | "dead" | "quarantined" | "dropped";

/** Which pushes of an inbox to read: the newest of those that match every value. */
export interface InboxQuery {
  /** Pushes that any of these selects: by sequence number, from `first` to `last`, or by the beginning of the id. Default: all. */
  readonly ids?: readonly ({ readonly first: number; readonly last: number } | { readonly prefix: string })[];
  /** Received at this time or later. Default: no limit. */
  readonly since?: Date;
  /** Received at this time or earlier. Default: no limit. */
  readonly until?: Date;
  /** Pushes of this type. Default: all. */
  readonly type?: string;
  /** Pushes in one of these states. Default: all. */
  readonly states?: readonly PushState[];
  /** Pushes about this task, call or workflow. Default: all. */
  readonly about?: SearchIds;
  /** Maximum number of pushes. */
  readonly limit: number;
}
