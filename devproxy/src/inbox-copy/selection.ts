import type { InboxQuery } from "airudder-webhooks/inbox";
import { parseTimestamp } from "../config/index.js";
import { type Filters, hasFilters, type IdSelector, selectorOf } from "../journal/index.js";

/** The pushes that a command needs, as its flags select them. The command itself applies the filters that the database cannot. */
export interface Selection {
  /** `#12`, `12`, long ids or prefixes of them, ranges `3..7`. Default: all pushes. */
  ids?: readonly string[] | undefined;
  filters?: Filters | undefined;
  /** Maximum number of pushes: the newest that match. */
  last?: number | undefined;
  /** Only dead and quarantined pushes. */
  deadOnly?: boolean | undefined;
}

/** The states that a database can select. */
const KEPT = ["dead", "quarantined"] as const;

/** Maximum number of pushes that a command reads from a database: the newest. */
export const MAX_PUSHES = 100_000;

/** The query of a selection. */
export interface SelectionQuery extends InboxQuery {
  /** With the text of each id. */
  ids?: readonly (IdSelector & { text: string })[];
}

/** @throws DevproxyError `usage` */
export function queryOf({ ids = [], filters = {}, last, deadOnly = false }: Selection): SelectionQuery {
  const { since, until, status, ...others } = filters;
  const states = deadOnly ? KEPT : KEPT.filter((state) => state === status);
  // The newest of all pushes are not the newest that match a filter that the database does not apply.
  const isExact = !hasFilters(others) && (status === undefined || states.length > 0);
  return {
    ...(ids.length > 0 && { ids: ids.map((text) => ({ text, ...selectorOf(text) })) }),
    ...(since !== undefined && { since: new Date(parseTimestamp(since, "--since")) }),
    ...(until !== undefined && { until: new Date(parseTimestamp(until, "--until")) }),
    ...(states.length > 0 && { states }),
    limit: isExact && last !== undefined ? Math.min(last, MAX_PUSHES) : MAX_PUSHES,
  };
}
