import { ACKNOWLEDGED, type Index, type Row } from "./rows.js";
import { wasDelivered } from "./status.js";

/** The pushes that a sender was told we have, and the app has yet to get. */
export function waitingRows(index: Index): Row[] {
  return index.rows.filter((row) => row.mark?.state === ACKNOWLEDGED && !wasDelivered(row));
}
