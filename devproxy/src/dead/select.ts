import { findRows, type JournalIndex, type Row } from "../journal/index.js";

/** Whether a push of an inbox is dead or quarantined: only these can be retried or dropped by hand. */
export function isRetryable({ push, mark }: Row): boolean {
  return push.source === "inbox" && (mark?.state === "dead" || mark?.state === "quarantined");
}

/** The dead pushes of an inbox, in the order of arrival. */
export function deadRows({ rows }: JournalIndex): Row[] {
  return rows.filter((row) => isRetryable(row) && row.mark?.state === "dead");
}

/** Number of quarantined pushes of an inbox. */
export function countQuarantined({ rows }: JournalIndex): number {
  return rows.filter((row) => isRetryable(row) && row.mark?.state === "quarantined").length;
}

/** The pushes that were found by their ids. */
export interface Selection {
  /** Dead and quarantined pushes, in the order of arrival. */
  retryable: Row[];
  /** Other pushes, in the order of arrival. */
  others: Row[];
  /** Ids that match no push. */
  unknown: string[];
}

/**
 * Finds pushes by their ids. Accepts the ids that other commands accept, and `all` for the dead pushes, without quarantined ones.
 * @throws DevproxyError `usage`, if an id is malformed or ambiguous
 */
export function selectRows(index: JournalIndex, ids: readonly string[]): Selection {
  const found = ids.map((id) => ({ id, rows: id === "all" ? deadRows(index) : findRows(index, id) }));
  const rows = [...new Set(found.flatMap((each) => each.rows))].sort((a, b) => a.push.seq - b.push.seq);
  return {
    retryable: rows.filter(isRetryable),
    others: rows.filter((row) => !isRetryable(row)),
    unknown: found.filter((each) => each.id !== "all" && each.rows.length === 0).map(({ id }) => id),
  };
}
