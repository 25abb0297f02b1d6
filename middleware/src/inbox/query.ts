/** Which pushes of an inbox to read: those that match every value. */
export interface InboxQuery {
  /** Pushes that any of these selects: by sequence number, from `first` to `last`, or by the beginning of the id. Default: all pushes. */
  readonly ids?: readonly ({ readonly first: number; readonly last: number } | { readonly prefix: string })[];
  /** Received at this time or later. Default: no limit. */
  readonly since?: Date;
  /** Received at this time or earlier. Default: no limit. */
  readonly until?: Date;
  /** Pushes in one of these states. Default: all states. */
  readonly states?: readonly ("dead" | "quarantined")[];
  /** Maximum number of pushes: the newest that match. */
  readonly limit: number;
}
