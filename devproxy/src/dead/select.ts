import { findRows, type Index, type Row } from "../journal/index.js";

/** Whether an inbox keeps a push and does not retry it automatically. */
export function isRetryable({ push, mark }: Row): boolean {
  return push.source === "inbox" && (mark?.state === "dead" || mark?.state === "quarantined");
}

/** The dead pushes of an inbox, in order of arrival. */
export function deadRows({ rows }: Index): Row[] {
  return rows.filter((row) => isRetryable(row) && row.mark?.state === "dead");
}

/** Number of pushes that an inbox keeps as quarantined. */
export function countQuarantined({ rows }: Index): number {
  return rows.filter((row) => isRetryable(row) && row.mark?.state === "quarantined").length;
}

/** The pushes that ids on a command line refer to. */
export interface Selection {
  /** Dead and quarantined pushes, in order of arrival. */
  retryable: Row[];
  /** Pushes that are neither. */
  others: Row[];
  /** Ids that no push has. */
  unknown: string[];
}

/**
 * Finds the pushes of ids. Accepts the ids that other commands accept, and `all` for all dead pushes, without quarantined ones.
 * @throws DevproxyError `usage`, when an id is malformed or ambiguous
 */
export function rowsOfIds(index: Index, ids: readonly string[]): Selection {
  const found = ids.map((id) => ({ id, rows: id === "all" ? deadRows(index) : findRows(index, id) }));
  const rows = [...new Set(found.flatMap((each) => each.rows))].sort((a, b) => a.push.seq - b.push.seq);
  return {
    retryable: rows.filter(isRetryable),
    others: rows.filter((row) => !isRetryable(row)),
    unknown: found.filter((each) => each.id !== "all" && each.rows.length === 0).map(({ id }) => id),
  };
}
