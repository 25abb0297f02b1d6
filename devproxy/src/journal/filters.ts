import { parseMoment } from "../config/index.js";
import { usageError } from "../errors.js";
import { isTypeName, TYPE_NAMES } from "../http/index.js";
import { Redactor } from "../privacy/index.js";
import type { Row } from "./row.js";
import { STATUSES, type Status, statusOf } from "./status.js";
import type { JournalReader } from "./store.js";
import { rowsWithText } from "./text-search.js";

type Test = (row: Row) => boolean;

/** Number of rows to test before yielding to the event loop. */
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
 * @param max maximum number of rows; the newest are returned
 */
export async function filterRows(
  reader: JournalReader,
  rows: readonly Row[],
  filters: Filters,
  max = Number.POSITIVE_INFINITY,
): Promise<Row[]> {
  const tests = testsOf(filters, await shownIdOf(reader, filters));
  const { text } = filters;
  if (text === undefined) return newestMatches(rows, tests, max);
  return rowsWithText(reader, await newestMatches(rows, tests, Number.POSITIVE_INFINITY), text, max);
}

/** Searches backwards from the newest row until it has enough matches. Yields to the event loop meanwhile. */
async function newestMatches(rows: readonly Row[], tests: readonly Test[], max: number): Promise<Row[]> {
  if (tests.length === 0) return rows.slice(-max);
  const all = rows.slice(); // the index may change meanwhile
  const found: Row[] = [];
  for (let at = all.length - 1; at >= 0 && found.length < max; at--) {
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
export function testsOf(
  { type, status, task, call, workflow, since, until }: Filters,
  shownId: (id: string) => string = (id) => id,
): ((row: Row) => boolean)[] {
  const tests: ((row: Row) => boolean)[] = [];
  if (type !== undefined) {
    const wanted = parseType(type);
    tests.push(({ push }) => push.type === wanted);
  }
  if (status !== undefined) {
    const wanted = parseStatus(status);
    tests.push((row) => statusOf(row) === wanted);
  }
  for (const [name, wanted] of Object.entries({ task, call, workflow })) {
    const key = name as "task" | "call" | "workflow";
    if (wanted !== undefined) tests.push(({ push }) => isId(push[key], wanted, shownId));
  }
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

/** An id as commands print it. `<id:...>` also matches without its brackets, which a shell would interpret. */
const PLACEHOLDER = /^<?(id:[0-9a-f]{12})>?$/;

function isId(id: string | undefined, wanted: string, shownId: (id: string) => string): boolean {
  if (id === undefined || id === wanted) return id !== undefined;
  const placeholder = PLACEHOLDER.exec(wanted)?.[1];
  return placeholder !== undefined && shownId(id) === `<${placeholder}>`;
}

/** Returns a function that gives an id as commands print it, with a cache. */
async function shownIdOf(
  { dir }: JournalReader,
  { task, call, workflow }: Filters,
): Promise<((id: string) => string) | undefined> {
  if (![task, call, workflow].some((wanted) => wanted !== undefined && PLACEHOLDER.test(wanted))) return undefined;
  const redactor = await Redactor.of(dir, false);
  const known = new Map<string, string>();
  return (id) => {
    const shown = known.get(id) ?? redactor.id(id);
    known.set(id, shown);
    return shown;
  };
}

function parseType(text: string): string {
  if (!isTypeName(text)) throw usageError(`--type "${text}" is unknown. Give one of ${TYPE_NAMES.join(", ")}.`);
  return text;
}

function parseStatus(text: string): Status {
  const found = STATUSES.find((status) => status === text);
  if (found === undefined) throw usageError(`--status "${text}" is unknown. Give one of ${STATUSES.join(", ")}.`);
  return found;
}
