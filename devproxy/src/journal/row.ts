import type { DeliveryHead, MarkHead, PushHead, RecordLocation } from "airudder-webhooks/journal";

/** A delivery, and where the app's response is on disk. */
export interface DeliveryRow {
  head: DeliveryHead;
  location: RecordLocation;
}

/** A push in the index: its head, its deliveries, and where its bytes are on disk. Only the index changes it. */
export interface Row {
  readonly push: PushHead;
  readonly location: RecordLocation;
  readonly deliveries: DeliveryRow[];
  readonly mark?: MarkHead | undefined;
}
