import { catalogue } from "airudder-webhooks";
import { usageError } from "../errors.js";
import { parseMoment } from "./moment.js";
import type { Row } from "./rows.js";
import { STATUSES, type Status, statusOf } from "./status.js";
import type { Reader } from "./store.js";
import { holdsText } from "./text.js";

type Test = (row: Row) => boolean;

/** Rows that are tested before other work gets its turn. */
const ROWS_AT_ONCE = 2_000;

/** Filters as they come from a command line; all that are given must match. */
export interface Filters {
  type?: string;
  status?: string;
  task?: string;
  call?: string;
  workflow?: string;
  /** Not older than: a span back from now (`10m`) or a date, in local time unless it names a zone. */
  since?: string;
  /** Not newer than. */
  until?: string;
  /** Text in the body. */
  text?: string;
}

/** Whether any filter is set. */
export function hasFilters(filters: Filters): boolean {
  return Object.values(filters).some((value) => value !== undefined);
}

/**
 * The rows that match, in order. Bodies are read from disk only for `text`.
 * @param most only so many, the newest
 */
export async function filterRows(
  reader: Reader,
  rows: readonly Row[],
  filters: Filters,
  most = Number.POSITIVE_INFINITY,
): Promise<Row[]> {
  const tests = testsOf(filters);
  const { text } = filters;
  if (text === undefined) return newestMatches(rows, tests, most);
  return holdsText(reader, await newestMatches(rows, tests, Number.POSITIVE_INFINITY), text, most);
}

/** Goes from the newest row back, as far as it has to. Other work gets its turn meanwhile. */
async function newestMatches(rows: readonly Row[], tests: readonly Test[], most: number): Promise<Row[]> {
  if (tests.length === 0) return rows.slice(-most);
  const all = rows.slice(); // the index may change meanwhile
  const found: Row[] = [];
  for (let at = all.length - 1; at >= 0 && found.length < most; at--) {
    const row = all[at] as Row;
    if (tests.every((test) => test(row))) found.push(row);
    if (at % ROWS_AT_ONCE === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  return found.reverse();
}

/**
 * The filters as tests of a row, without `text`.
 * @throws DevproxyError `usage`, naming the filter
 */
export function testsOf({ type, status, task, call, workflow, since, until }: Filters): ((row: Row) => boolean)[] {
  const tests: ((row: Row) => boolean)[] = [];
  if (type !== undefined) {
    const wanted = parseType(type);
    tests.push(({ push }) => push.type === wanted);
  }
  if (status !== undefined) {
    const wanted = parseStatus(status);
    tests.push((row) => statusOf(row) === wanted);
  }
  if (task !== undefined) tests.push(({ push }) => push.task === task);
  if (call !== undefined) tests.push(({ push }) => push.call === call);
  if (workflow !== undefined) tests.push(({ push }) => push.workflow === workflow);
  const now = Date.now();
  const from = since === undefined ? undefined : new Date(parseMoment(since, "--since", now)).toISOString();
  const to = until === undefined ? undefined : new Date(parseMoment(until, "--until", now)).toISOString();
  if (from !== undefined && to !== undefined && from > to) {
    throw usageError(`--since ${since} is later than --until ${until}: nothing can lie between them.`);
  }
  if (from !== undefined) tests.push(({ push }) => push.at >= from);
  if (to !== undefined) tests.push(({ push }) => push.at <= to);
  return tests;
}

/** The types that pushes are recorded with. */
const TYPES: readonly string[] = [...new Set(catalogue.map(({ type }) => type)), "unknown", "unparsable"];

function parseType(text: string): string {
  if (!TYPES.includes(text)) throw usageError(`--type "${text}" is unknown. Give one of ${TYPES.join(", ")}.`);
  return text;
}

function parseStatus(text: string): Status {
  const found = STATUSES.find((status) => status === text);
  if (found === undefined) throw usageError(`--status "${text}" is unknown. Give one of ${STATUSES.join(", ")}.`);
  return found;
}
