import type { Content, DeliveryHead, MarkHead, PushHead } from "airudder-webhooks/journal";

/** A push to import. */
export interface SourcePush {
  readonly kind: "push";
  /** Where it is in the file or the folder, such as `line 3`. */
  readonly place: string;
  /** As recorded. If a part is absent, the file does not contain it. */
  readonly head: Partial<Omit<PushHead, "kind">>;
  readonly content: Content;
}

/** A record about a push that the source contained before it. */
export interface SourceRecord {
  readonly kind: "record";
  readonly place: string;
  readonly head: DeliveryHead | MarkHead;
  /** The app's response to a delivery. */
  readonly content?: Content | undefined;
}

/** Something to import. */
export type SourceItem = SourcePush | SourceRecord;
