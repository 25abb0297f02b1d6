import { SEARCH_KEYS, type SearchIds } from "airudder-webhooks/inspect";
import type { DeliveryHead } from "airudder-webhooks/journal";
import { type JournalReader, lastDelivery, type Row, statusOf } from "../journal/index.js";
import type { Redactor } from "../privacy/index.js";
import { errorOf } from "./error.js";
import type { Screen, Style } from "./screen.js";
import { type Column, type Table, tableOf } from "./table.js";
import { clean, cut, duration, local } from "./words.js";

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
  const error = await errorOf(reader, row, redactor);
  const { kind: _, ...head } = row.push;
  const last = lastDelivery(row)?.head;
  return {
    ...shown(head, redactor),
    id: redactor.pushId(head.id),
    method: redactor.method(head.method),
    url: redactor.url(head.url),
    type: redactor.type(head.type),
    ...shownIds(head, redactor),
    ...(head.subject === undefined ? {} : { subject: redactor.subject(head.subject) }),
    drift: head.drift ?? 0,
    quarantined: head.quarantined ?? false,
    status: statusOf(row),
    ...(error === undefined ? {} : { error }),
    ...(row.mark?.attempt === undefined ? {} : { attempts: row.mark.attempt }),
    deliveries: row.deliveries.length,
    delivery: last === undefined ? null : deliveryJson(last, redactor),
  };
}

function shownIds(head: SearchIds, redactor: Redactor): SearchIds {
  return Object.fromEntries(
    SEARCH_KEYS.flatMap((key) => (head[key] === undefined ? [] : [[key, redactor.id(head[key])]])),
  );
}

/** A head without phone numbers and e-mail addresses in its texts. */
function shown<T extends object>(head: T, redactor: Redactor): T {
  return Object.fromEntries(
    Object.entries(head).map(([name, value]) => [name, typeof value === "string" ? redactor.text(value) : value]),
  ) as T;
}

/** A try to deliver as `--json` prints it. */
export function deliveryJson({ kind: _, push: __, ...head }: DeliveryHead, redactor: Redactor): object {
  return { ...shown(head, redactor), target: redactor.url(head.target), status: head.status ?? null };
}

/** The style that a push's status is printed in. */
export function statusStyle(row: Row): Style {
  return STATUS_STYLES[statusOf(row)] ?? "bold";
}

/** Minimum width of the id column: enough to distinguish the ids of one process. */
const ID_PREFIX = 13;

/** The table of `list`. */
export function rowTable(out: Screen, rows: readonly Row[], redactor: Redactor): Table<Row> {
  const id = (value: string | undefined): string => (value === undefined ? "" : cut(clean(redactor.id(value))));
  const columns: Column<Row>[] = [
    { title: "#", cell: ({ push }) => `#${push.seq}`, style: () => "bold", alignRight: true },
    {
      title: "TIME",
      cell: ({ push }) => local(push.at),
      short: ({ push }) => local(push.at).slice(5),
      style: () => "dim",
      rank: 8,
    },
    { title: "TYPE", cell: ({ push }) => clean(redactor.type(push.type)), minWidth: 14 },
    { title: "STATUS", cell: (row) => statusOf(row), style: statusStyle },
    { title: "HTTP", cell: (row) => answerOf(row), alignRight: true, rank: 9 },
    { title: "TOOK", cell: (row) => tookOf(row), alignRight: true, rank: 4 },
    { title: "TASK", cell: ({ push }) => id(push.task), minWidth: 9, rank: 6 },
    { title: "CALL", cell: ({ push }) => id(push.call), minWidth: 9, rank: 7 },
    { title: "WORKFLOW", cell: ({ push }) => id(push.workflow), minWidth: 9, rank: 3 },
    { title: "NOTES", cell: notesOf, style: () => "dim", rank: 5 },
    {
      title: "ID",
      cell: ({ push }) => clean(redactor.pushId(push.id)),
      minWidth: ID_PREFIX,
      style: () => "dim",
      rank: 2,
    },
  ];
  return tableOf(out, columns, rows);
}

function answerOf(row: Row): string {
  const last = lastDelivery(row)?.head;
  return last === undefined ? "-" : String(last.status ?? "---");
}

function tookOf(row: Row): string {
  const last = lastDelivery(row)?.head;
  return last === undefined ? "" : duration(last.ms);
}

function notesOf(row: Row): string {
  const { verified, drift } = row.push;
  const notes = [verified ? "verified" : "", drift ? `drift ${drift}` : "", lastDelivery(row)?.head.late ? "late" : ""];
  return notes.filter((note) => note !== "").join(", ");
}
