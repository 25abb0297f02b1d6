import { findRows, type JournalIndex, type Row } from "../journal/index.js";

/** Whether an inbox keeps a push and does not retry it automatically. */
export function isKept({ push, mark }: Row): boolean {
  return push.source === "inbox" && (mark?.state === "dead" || mark?.state === "quarantined");
}

/** The dead pushes of an inbox, in order of arrival. */
export function deadRows({ rows }: JournalIndex): Row[] {
  return rows.filter((row) => isKept(row) && row.mark?.state === "dead");
}

/** Number of pushes that an inbox keeps as quarantined. */
export function countQuarantined({ rows }: JournalIndex): number {
  return rows.filter((row) => isKept(row) && row.mark?.state === "quarantined").length;
}

/** The pushes that ids on a command line refer to. */
export interface Selection {
  /** Dead and quarantined pushes, in order of arrival. */
  kept: Row[];
  /** Pushes that are neither. */
  others: Row[];
  /** Ids that no push has. */
  unknown: string[];
}

/**
 * Finds the pushes of ids. Accepts the ids that other commands accept, and `all` for all dead pushes, without quarantined ones.
 * @throws DevproxyError `usage`, when an id is malformed or ambiguous
 */
export function selectRows(index: JournalIndex, ids: readonly string[]): Selection {
  const found = ids.map((id) => ({ id, rows: id === "all" ? deadRows(index) : findRows(index, id) }));
  const rows = [...new Set(found.flatMap((each) => each.rows))].sort((a, b) => a.push.seq - b.push.seq);
  return {
    kept: rows.filter(isKept),
    others: rows.filter((row) => !isKept(row)),
    unknown: found.filter((each) => each.id !== "all" && each.rows.length === 0).map(({ id }) => id),
  };
}
