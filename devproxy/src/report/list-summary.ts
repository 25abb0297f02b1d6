import { type Filters, hasFilters } from "../journal/index.js";
import { pushCount, thousands } from "./format.js";

/** Counts of a list. */
export interface ListCounts {
  shown: number;
  /** Number of pushes that match the filters; `undefined` if only the newest were searched for. */
  matching: number | undefined;
  /** All pushes of the journal. */
  total: number;
}

/** The last line of a list: `the newest 2 of 8 failed pushes: --last N for more`. */
export function listSummary({ shown, matching, total }: ListCounts, filters: Filters): string {
  if (matching === undefined) return `the newest ${pushCount(shown)} that match: --last N for more`;
  if (shown === matching) return `${pushCount(shown)} of ${thousands(total)}`;
  const count = thousands(matching);
  return `the newest ${thousands(shown)} of ${count} ${kindOf(filters)}pushes: --last N for more`;
}

function kindOf(filters: Filters): string {
  if (!hasFilters(filters)) return "";
  const { status, ...others } = filters;
  return status === undefined || hasFilters(others) ? "matching " : `${status} `;
}
