import { ACKNOWLEDGED, type Index, type Row } from "./rows.js";
import { wasDelivered } from "./status.js";

/** Whether a sender was told that we have a push, and the app has yet to get it. */
export function isWaiting(row: Row): boolean {
  return row.mark?.state === ACKNOWLEDGED && !wasDelivered(row);
}

/** The pushes that wait for the app. */
export function waitingRows(index: Index): Row[] {
  return index.rows.filter(isWaiting);
}
