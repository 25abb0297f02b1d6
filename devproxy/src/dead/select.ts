import { findRows } from "../journal/ids.js";
import type { Index, Row } from "../journal/rows.js";

/** Whether an inbox keeps a push and does not retry it automatically. */
export function isKept({ push, mark }: Row): boolean {
  return push.source === "inbox" && (mark?.state === "dead" || mark?.state === "quarantined");
}

/** The dead pushes of an inbox, in the order in which they came. */
export function deadRows({ rows }: Index): Row[] {
  return rows.filter((row) => isKept(row) && row.mark?.state === "dead");
}

/** How many pushes an inbox has quarantined. */
export function countQuarantined({ rows }: Index): number {
  return rows.filter((row) => isKept(row) && row.mark?.state === "quarantined").length;
}

/** What ids on a command line stand for. */
export interface Selection {
  /** Dead and quarantined pushes, in the order in which they came. */
  kept: Row[];
  /** Pushes that are neither. */
  others: Row[];
  /** Ids of no push. */
  unknown: string[];
}

/**
 * Finds the pushes of ids: those that other commands take, or `all` for all dead pushes. A quarantined push must be named.
 * @throws DevproxyError `usage`, when an id is malformed or ambiguous
 */
export function selectRows(index: Index, ids: readonly string[]): Selection {
  const found = ids.map((id) => ({ id, rows: id === "all" ? deadRows(index) : findRows(index, id) }));
  const rows = [...new Set(found.flatMap((each) => each.rows))].sort((a, b) => a.push.seq - b.push.seq);
  return {
    kept: rows.filter(isKept),
    others: rows.filter((row) => !isKept(row)),
    unknown: found.filter((each) => each.id !== "all" && each.rows.length === 0).map(({ id }) => id),
  };
}
