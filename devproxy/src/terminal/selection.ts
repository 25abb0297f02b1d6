import type { Row } from "../journal/index.js";

/** Maximum number of pushes that one key press examines. */
const MAX_EXAMINED = 50_000;

/**
 * The push above or below the selected one.
 * @param rows in the order of `seq`
 * @param selectedSeq `undefined` if no push is selected: `up` then selects the newest one
 * @param matches whether a push can be selected
 * @returns `undefined` if there is none
 */
export function neighbourOf(
  rows: readonly Row[],
  selectedSeq: number | undefined,
  direction: "up" | "down",
  matches: (row: Row) => boolean,
): Row | undefined {
  if (selectedSeq === undefined && direction === "down") return undefined;
  const step = direction === "up" ? -1 : 1;
  let at = selectedSeq === undefined ? rows.length : positionOf(rows, selectedSeq);
  // If the selected push is gone, `at` is the one after it.
  if (direction === "up" || rows[at]?.push.seq === selectedSeq) at += step;
  for (let examined = 0; examined < MAX_EXAMINED; examined++, at += step) {
    const row = rows[at];
    if (row === undefined) return undefined;
    if (matches(row)) return row;
  }
  return undefined;
}

/** Position of the first row whose `seq` is at least the given one. */
function positionOf(rows: readonly Row[], seq: number): number {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((rows[middle] as Row).push.seq < seq) low = middle + 1;
    else high = middle;
  }
  return low;
}
