import type { PushHead } from "airudder-webhooks/journal";
import { usageError } from "../errors.js";
import type { JournalIndex } from "./journal-index.js";
import type { Row } from "./row.js";

/** Minimum length of a prefix of an id. */
const MIN_PREFIX = 4;
/** Maximum number of matches in the error message for an ambiguous prefix. */
const MAX_NAMED = 5;

/**
 * Returns the rows that ids on a command line refer to:
 *
 * - `#12` or `12`: a sequence number
 * - a long id, or a prefix of it
 * - `3..7`, `3..` or `..7`: a range of sequence numbers
 * @throws DevproxyError `usage`, if an id is malformed or ambiguous, or no push has it
 */
export function rowsOf(index: JournalIndex, ids: readonly string[]): Row[] {
  return [...new Set(ids.flatMap((id) => rowsOfId(index, id)))];
}

/**
 * Returns the row that an id refers to.
 * @throws DevproxyError `usage`, if it refers to none or to several
 */
export function rowOf(index: JournalIndex, id: string): Row {
  const rows = rowsOfId(index, id);
  if (rows.length === 1) return rows[0] as Row;
  throw usageError(`${id} refers to ${rows.length} pushes; give the id of one.`);
}

/** The pushes that an id on a command line selects: by sequence number from `first` to `last`, or by long ids that begin with `prefix`. */
export type IdSelector = { first: number; last: number } | { prefix: string };

/**
 * Parses an id or a range.
 * @throws DevproxyError `usage`, if it is malformed
 */
export function selectorOf(id: string): IdSelector {
  const range = /^#?(\d*)\.\.#?(\d*)$/.exec(id);
  if (range !== null && id !== "..") return selectorOfRange(id, range[1] as string, range[2] as string);
  const seq = /^#?(\d{1,15})$/.exec(id)?.[1];
  if (seq !== undefined) return { first: Number(seq), last: Number(seq) };
  if (/^[\w-]+$/.test(id) && id.length >= MIN_PREFIX) return { prefix: id };
  const advice = `Give #12 or 12, the long id or at least ${MIN_PREFIX} characters of its beginning, or a range such as 3..7.`;
  throw usageError(`"${id}" is not an id. ${advice}`);
}

/** Whether a selector selects a push. */
export function matchesSelector(selector: IdSelector, { id, seq }: PushHead): boolean {
  return "prefix" in selector ? id.startsWith(selector.prefix) : selector.first <= seq && seq <= selector.last;
}

/**
 * Returns the rows that an id or a range refers to; none if there is no such push.
 * @throws DevproxyError `usage`, if it is malformed or ambiguous
 */
export function findRows(index: JournalIndex, id: string): Row[] {
  const row = /^#?\d+$/.test(id) ? undefined : index.byId(id);
  if (row !== undefined) return [row];
  const selector = selectorOf(id);
  if ("first" in selector) return index.between(selector.first, selector.last);
  const matches = index.rows.filter(({ push }) => matchesSelector(selector, push));
  if (matches.length > 1) throw ambiguousError(id, matches);
  return matches;
}

function rowsOfId(index: JournalIndex, id: string): Row[] {
  const rows = findRows(index, id);
  if (rows.length > 0) return rows;
  throw usageError(`There is no push ${id.includes("..") ? "in " : ""}${id}${extentOfJournal(index)}.`);
}

function selectorOfRange(text: string, from: string, to: string): IdSelector {
  const first = from === "" ? 1 : Number(from);
  const last = to === "" ? Number.MAX_SAFE_INTEGER - 1 : Number(to);
  if (first > last) throw usageError(`The range ${text} is reversed. Give the smaller number first, such as 3..7.`);
  return { first, last };
}

function ambiguousError(prefix: string, matches: readonly Row[]): Error {
  const named = matches.slice(0, MAX_NAMED).map(({ push }) => `${push.id} (#${push.seq})`);
  const more = matches.length > MAX_NAMED ? `, and ${matches.length - MAX_NAMED} more` : "";
  return usageError(`The id ${prefix} is ambiguous: it is the beginning of ${named.join(", ")}${more}.`);
}

function extentOfJournal({ rows }: JournalIndex): string {
  const first = rows[0]?.push.seq;
  return first === undefined
    ? "; the journal is empty"
    : `; the journal contains #${first} to #${rows.at(-1)?.push.seq}`;
}
