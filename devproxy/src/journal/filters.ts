import { isTypeName, SEARCH_KEYS, type SearchIds, type SearchKey, TYPE_NAMES } from "airudder-webhooks/inspect";
import { parseTimestamp, suggestion } from "../config/index.js";
import { usageError } from "../errors.js";
import { Redactor } from "../privacy/index.js";
import type { Row } from "./row.js";
import { STATUSES, type Status, statusOf } from "./status.js";
import type { JournalReader } from "./store.js";
import { rowsWithText } from "./text-search.js";

/** Number of rows to test before yielding to the event loop. */
const ROWS_PER_TURN = 2_000;

type Test = (row: Row) => boolean;

/** What a filter needs to create its test. */
interface TestContext {
  /** The time when the filters were set, ms since 1970. */
  now: number;
  /** Returns an id as commands print it. */
  formatId(id: string): string;
}

/** A filter of `list`, `replay` and `drift`. */
interface Filter {
  /** Name of its value in `--help`. */
  value: string;
  description: string;
  /**
   * Returns a test of a row for a filter's value. Absent for `text`, because that filter needs the body.
   * @throws DevproxyError `usage`
   */
  test?(value: string, context: TestContext): Test;
}

/** The filters, by the name of their flag, in the order of `--help`. All that are set must match. */
export const FILTERS = {
  type: {
    value: "<type>",
    description: "only pushes of this type, such as call.completed",
    test: (value) => {
      const type = parseType(value);
      return ({ push }) => push.type === type;
    },
  },
  status: {
    value: "<status>",
    description: `only pushes with this status: ${STATUSES.join(", ")}`,
    test: (value) => {
      const status = parseStatus(value);
      return (row) => statusOf(row) === status;
    },
  },
  ...idFilters({
    task: "only pushes about this task: its id or placeholder",
    call: "only pushes about this call: its id or placeholder",
    workflow: "only pushes of this workflow: its id or placeholder",
  }),
  since: {
    value: "<time>",
    description:
      "only pushes received since this time: 10m, 2h or 30d ago, or a date in local time (2026-01-31, 2026-01-31T08:00)",
    test: (value, { now }) => {
      const from = parseTime(value, "--since", now);
      return ({ push }) => push.at >= from;
    },
  },
  until: {
    value: "<time>",
    description: "only pushes received until this time",
    test: (value, { now }) => {
      const to = parseTime(value, "--until", now);
      return ({ push }) => push.at <= to;
    },
  },
  text: { value: "<text>", description: "only pushes whose body contains this text" },
} as const satisfies Record<string, Filter>;

/** The values of the filters, as given on a command line. See {@link FILTERS}. */
export type Filters = { [name in keyof typeof FILTERS]?: string };

const NAMES = Object.keys(FILTERS) as (keyof Filters)[];

/** Creates the filters that match ids. `descriptions` contains the text of `--help` for each of them. */
function idFilters<K extends SearchKey>(descriptions: Record<K, string>): Record<K, Filter> {
  const filters = Object.entries<string>(descriptions).map(([name, description]): [string, Filter] => {
    const test: Filter["test"] =
      (value, { formatId }) =>
      ({ push }) =>
        matchesId(push[name as K], value, formatId);
    return [name, { value: "<id>", description, test }];
  });
  return Object.fromEntries(filters) as Record<K, Filter>;
}

/** Returns only the filters of an object that may have other properties too, such as the flags of a command. */
export function pickFilters(values: Filters): Filters {
  return Object.fromEntries(NAMES.flatMap((name) => (values[name] === undefined ? [] : [[name, values[name]]])));
}

/** Whether any filter is set. Other properties do not count. */
export function hasFilters(filters: Filters): boolean {
  return NAMES.some((name) => filters[name] !== undefined);
}

/**
 * Returns the rows that match, in order. Bodies are read from disk only for `text`.
 * @param max maximum number of rows; the newest are returned
 */
export async function filterRows(
  reader: JournalReader,
  rows: readonly Row[],
  filters: Filters,
  max = Number.POSITIVE_INFINITY,
): Promise<Row[]> {
  const tests = testsOf(filters, await idFormatter(reader, filters));
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
    if (at % ROWS_PER_TURN === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  return found.reverse();
}

/**
 * Returns a test of a row for each filter that is set, except `text`.
 * @param formatId formats an id as commands print it. Default: returns the id, so placeholders match nothing
 * @throws DevproxyError `usage`, naming the filter
 */
export function testsOf(filters: Filters, formatId: (id: string) => string = (id) => id): Test[] {
  const context: TestContext = { now: Date.now(), formatId };
  const tests = NAMES.flatMap((name) => {
    const value = filters[name];
    const { test }: Filter = FILTERS[name];
    return value === undefined || test === undefined ? [] : [test(value, context)];
  });
  const { since, until } = filters;
  if (since !== undefined && until !== undefined) {
    const isEmpty = parseTime(since, "--since", context.now) > parseTime(until, "--until", context.now);
    if (isEmpty) throw usageError(`--since ${since} is later than --until ${until}: no push can match both.`);
  }
  return tests;
}

/** The placeholder of an id, `<id:...>`. The brackets are optional, because a shell would interpret them. */
const PLACEHOLDER = /^<?(id:[0-9a-f]{12})>?$/;

/** Whether the value of an id filter is a placeholder. */
export function isPlaceholder(value: string): boolean {
  return PLACEHOLDER.test(value);
}

/** Whether an id matches a filter's value, which is an id or a placeholder. */
function matchesId(id: string | undefined, value: string, formatId: (id: string) => string): boolean {
  if (id === undefined || id === value) return id !== undefined;
  const placeholder = PLACEHOLDER.exec(value)?.[1];
  return placeholder !== undefined && formatId(id) === `<${placeholder}>`;
}

/** Returns a function that formats an id as commands print it, and caches the results; `undefined` if no filter is a placeholder. */
async function idFormatter({ dir }: JournalReader, filters: Filters): Promise<((id: string) => string) | undefined> {
  const ids: SearchIds = filters;
  if (!SEARCH_KEYS.some((key) => isPlaceholder(ids[key] ?? ""))) return undefined;
  const redactor = await Redactor.of(dir, false);
  const known = new Map<string, string>();
  return (id) => {
    const shown = known.get(id) ?? redactor.id(id);
    known.set(id, shown);
    return shown;
  };
}

/** Parses a time of a flag. Returns it as ISO 8601 in UTC, as in records. */
function parseTime(text: string, flag: string, now: number): string {
  return new Date(parseTimestamp(text, flag, now)).toISOString();
}

function parseType(text: string): string {
  if (!isTypeName(text))
    throw usageError(
      `--type "${text}" is unknown.${suggestion(text, TYPE_NAMES)} Give one of ${TYPE_NAMES.join(", ")}.`,
    );
  return text;
}

function parseStatus(text: string): Status {
  const found = STATUSES.find((status) => status === text);
  if (found === undefined)
    throw usageError(`--status "${text}" is unknown.${suggestion(text, STATUSES)} Give one of ${STATUSES.join(", ")}.`);
  return found;
}
