import { ACKNOWLEDGED, type JournalIndex, type Row } from "./rows.js";
import { wasDelivered } from "./status.js";

/** Whether the proxy acknowledged a push that the app has not received yet. */
export function isWaiting(row: Row): boolean {
  return row.mark?.state === ACKNOWLEDGED && !wasDelivered(row);
}

/** The pushes that wait for the app. */
export function pendingRows(index: JournalIndex): Row[] {
  return index.rows.filter(isWaiting);
}
