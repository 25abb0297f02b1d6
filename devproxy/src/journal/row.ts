import type { DeliveryHead, MarkHead, PushHead, RecordLocation } from "airudder-webhooks/journal";

/** A delivery in the index. The app's response is on disk at `location`. */
export interface DeliveryRow {
  head: DeliveryHead;
  location: RecordLocation;
}

/** A push in the index. Its headers and body are on disk at `location`. Only the index changes a row. */
export interface Row {
  readonly push: PushHead;
  readonly location: RecordLocation;
  readonly deliveries: DeliveryRow[];
  /** The newest mark. */
  readonly mark?: MarkHead | undefined;
}
