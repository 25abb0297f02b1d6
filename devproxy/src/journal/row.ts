import type { DeliveryHead, MarkHead, Place, PushHead } from "airudder-webhooks/journal";

/** A delivery, and where the app's response is on disk. */
export interface DeliveryRow {
  head: DeliveryHead;
  place: Place;
}

/** A push in the index: its head, its deliveries, and where its bytes are on disk. Only the index changes it. */
export interface Row {
  readonly push: PushHead;
  readonly place: Place;
  readonly deliveries: DeliveryRow[];
  readonly mark?: MarkHead | undefined;
}
