import { SEARCH_KEYS, type SearchIds } from "airudder-webhooks/inspect";
import type { DeliveryHead } from "airudder-webhooks/journal";
import {
  decidingDelivery,
  type Filters,
  hasFilters,
  type JournalReader,
  type Row,
  statusOf,
} from "../journal/index.js";
import type { Redactor } from "../privacy/index.js";
import { explanationOf } from "./explanation.js";
import { failureReason } from "./failure-reason.js";
import { duration, localTime, pushCount, safeLine, truncate, withSeparators } from "./format.js";
import type { Screen, Style } from "./screen.js";
import { type Column, type Table, tableOf } from "./table.js";

const STATUS_STYLES: Record<string, Style> = {
  handled: "green",
  accepted: "green",
  ignored: "yellow",
  stored: "cyan",
  dead: "red",
  quarantined: "yellow",
  failed: "red",
  undelivered: "yellow",
};

/** A push as `list --json` prints it. */
export async function rowJson(reader: Pick<JournalReader, "content">, row: Row, redactor: Redactor): Promise<object> {
  const error = await failureReason(reader, row, redactor);
  const { kind: _, ...head } = row.push;
  const last = decidingDelivery(row)?.head;
  return {
    ...redactTexts(head, redactor),
    source: redactor.word(head.source),
    id: redactor.pushId(head.id),
    method: redactor.method(head.method),
    url: redactor.url(head.url),
    type: redactor.type(head.type),
    ...redactIds(head, redactor),
    subject: head.subject === undefined ? undefined : redactor.subject(head.subject),
    drift: head.drift ?? 0,
    quarantined: head.quarantined ?? false,
    status: statusOf(row),
    error,
    explanation: explanationOf(error),
    attempts: row.mark?.attempt,
    deliveries: row.deliveries.length,
    delivery: last === undefined ? null : deliveryJson(last, redactor),
  };
}

function redactIds(head: SearchIds, redactor: Redactor): SearchIds {
  return Object.fromEntries(
    SEARCH_KEYS.flatMap((key) => (head[key] === undefined ? [] : [[key, redactor.id(head[key])]])),
  );
}

/** A record's head, with the phone numbers and e-mail addresses in its texts redacted. */
function redactTexts<T extends object>(head: T, redactor: Redactor): T {
  return Object.fromEntries(
    Object.entries(head).map(([name, value]) => [name, typeof value === "string" ? redactor.text(value) : value]),
  ) as T;
}

/** A delivery as `--json` prints it. */
export function deliveryJson(head: DeliveryHead, redactor: Redactor): object {
  // Only known fields, because an unknown one of an imported delivery may contain personal data.
  const { at, target, status = null, result, error, ms, cause, late, aside } = head;
  return {
    at: redactor.text(at),
    target: redactor.url(target),
    status,
    result: result && redactor.word(result),
    error: error && redactor.text(error),
    ms,
    cause: redactor.word(cause),
    late,
    aside: aside && redactor.word(aside),
  };
}

/** The style of a push's status. */
export function statusStyle(row: Row): Style {
  return STATUS_STYLES[statusOf(row)] ?? "bold";
}

/** Enough to distinguish the ids of one process. */
const MIN_ID_WIDTH = 13;

/** The table of `list`. */
export function rowTable(out: Screen, rows: readonly Row[], redactor: Redactor): Table<Row> {
  const id = (value: string | undefined): string => (value === undefined ? "" : truncate(safeLine(redactor.id(value))));
  const columns: Column<Row>[] = [
    { title: "#", cell: ({ push }) => `#${push.seq}`, style: () => "bold", alignRight: true },
    {
      title: "TIME",
      cell: ({ push }) => localTime(push.at),
      short: ({ push }) => localTime(push.at).slice(5),
      style: () => "dim",
      rank: 8,
    },
    { title: "TYPE", cell: ({ push }) => safeLine(redactor.type(push.type)), minWidth: 14 },
    { title: "STATUS", cell: (row) => statusOf(row), style: statusStyle },
    { title: "HTTP", cell: (row) => httpStatusOf(row), alignRight: true, rank: 9 },
    { title: "TOOK", cell: (row) => durationOf(row), alignRight: true, rank: 4 },
    { title: "TASK", cell: ({ push }) => id(push.task), minWidth: 9, rank: 6 },
    { title: "CALL", cell: ({ push }) => id(push.call), minWidth: 9, rank: 7 },
    { title: "WORKFLOW", cell: ({ push }) => id(push.workflow), minWidth: 9, rank: 3 },
    { title: "NOTES", cell: notesOf, style: () => "dim", rank: 5 },
    {
      title: "ID",
      cell: ({ push }) => safeLine(redactor.pushId(push.id)),
      minWidth: MIN_ID_WIDTH,
      style: () => "dim",
      rank: 2,
    },
  ];
  return tableOf(out, columns, rows);
}

/** The status of the last response: `---` if there was none, `-` if there was no delivery. */
function httpStatusOf(row: Row): string {
  const last = decidingDelivery(row)?.head;
  return last === undefined ? "-" : String(last.status ?? "---");
}

function durationOf(row: Row): string {
  const last = decidingDelivery(row)?.head;
  return last === undefined ? "" : duration(last.ms);
}

function notesOf(row: Row): string {
  const { verified, drift, imported, redacted } = row.push;
  const notes = [
    imported ? "imported" : "",
    redacted ? "redacted" : "",
    verified ? "verified" : "",
    drift ? `drift ${drift}` : "",
    decidingDelivery(row)?.head.late ? "late" : "",
  ];
  return notes.filter((note) => note !== "").join(", ");
}

/** Numbers of pushes in a list. */
export interface ListCounts {
  shown: number;
  /** Matching the filters; `undefined` if the search ended before the oldest push. */
  matching: number | undefined;
  /** Of the whole journal. */
  total: number;
}

/** The last line of a list: `the newest 2 of 8 failed pushes: --last N for more`. */
export function listSummary({ shown, matching, total }: ListCounts, filters: Filters): string {
  if (matching === undefined)
    return `the newest ${withSeparators(shown)} matching ${shown === 1 ? "push" : "pushes"}: --last N for more`;
  if (shown === matching) return `${pushCount(shown)} of ${withSeparators(total)}`;
  const count = withSeparators(matching);
  return `the newest ${withSeparators(shown)} of ${count} ${describeFilters(filters)}pushes: --last N for more`;
}

function describeFilters(filters: Filters): string {
  if (!hasFilters(filters)) return "";
  const { status, ...others } = filters;
  return status === undefined || hasFilters(others) ? "matching " : `${status} `;
}
