import type { InboxQuery, PushState } from "airudder-webhooks/inbox";
import { parseTimestamp } from "../config/index.js";
import { type Filters, type IdSelector, isPlaceholder, selectorOf } from "../journal/index.js";

/** The pushes that a command needs, as its flags select them. A database cannot apply all filters, so the command applies them again. */
export interface Selection {
  /** `#12`, `12`, long ids or prefixes of them, ranges `3..7`. Default: all pushes. */
  ids?: readonly string[] | undefined;
  filters?: Filters | undefined;
  /** Maximum number of pushes: the newest that match. */
  last?: number | undefined;
  /** Only dead and quarantined pushes. */
  deadOnly?: boolean | undefined;
}

/** Maximum number of pushes that a command reads from a database: the newest. */
export const MAX_PUSHES = 100_000;

/** The query of a selection. */
export interface SelectionQuery extends InboxQuery {
  /** With the text of each id. */
  ids?: readonly (IdSelector & { text: string })[];
}

/** The statuses that a push of an inbox can have. */
const STATES: readonly PushState[] = ["stored", "failed", "handled", "ignored", "dead", "quarantined", "dropped"];

/** @throws DevproxyError `usage` */
export function queryOf({ ids = [], filters = {}, last, deadOnly = false }: Selection): SelectionQuery {
  // Ids select few pushes, so the query needs no filters. With them, a push that they exclude would be reported as missing.
  if (ids.length > 0) return { ids: ids.map((text) => ({ text, ...selectorOf(text) })), limit: MAX_PUSHES };
  const { since, until, type, status, text, ...searchIds } = filters;
  // A database does not know the placeholders of ids.
  const about = Object.entries(searchIds).filter(([, id]) => !isPlaceholder(id));
  const isExact = text === undefined && about.length === Object.keys(searchIds).length;
  const states = deadOnly ? (["dead", "quarantined"] as const) : STATES.filter((state) => state === status);
  return {
    ...(since !== undefined && { since: new Date(parseTimestamp(since, "--since")) }),
    ...(until !== undefined && { until: new Date(parseTimestamp(until, "--until")) }),
    ...(type !== undefined && { type }),
    ...((deadOnly || status !== undefined) && { states }),
    ...(about.length > 0 && { about: Object.fromEntries(about) }),
    // The filters that the command applies afterwards may exclude some of the newest pushes, so `last` is not the limit then.
    limit: isExact && last !== undefined ? Math.min(last, MAX_PUSHES) : MAX_PUSHES,
  };
}
