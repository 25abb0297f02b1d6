import type { DeliveryHead, MarkHead, Place, PushHead } from "airudder-webhooks/journal";

/** One try to deliver a push, and where the app's response is on disk. */
export interface DeliveryRow {
  head: DeliveryHead;
  place: Place;
}

/** A push as the index knows it: its head, its tries, and where the bytes are. Only the index changes it. */
export interface Row {
  readonly push: PushHead;
  readonly place: Place;
  readonly deliveries: DeliveryRow[];
  readonly mark?: MarkHead | undefined;
}
