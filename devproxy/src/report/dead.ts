import type { RequestResult } from "airudder-webhooks/journal";
import type { Row } from "../journal/index.js";
import type { Redactor } from "../privacy/index.js";
import { localTime, safeLine } from "./format.js";
import type { Screen } from "./screen.js";
import { type Column, type Table, tableOf } from "./table.js";

/** The result for a push, or for an id without a push. */
export interface DeadResult {
  id: string;
  row?: Row | undefined;
  /** `not_dead`: the push is neither dead nor quarantined. */
  result: RequestResult["result"] | "not_dead";
  error?: string | undefined;
}

/** A dead push and the redacted error of its last attempt. */
export interface DeadRow {
  row: Row;
  error: string | undefined;
}

/** The table of `dead`. */
export function deadTable(out: Screen, rows: readonly DeadRow[], redactor: Redactor): Table<DeadRow> {
  const columns: Column<DeadRow>[] = [
    { title: "#", cell: ({ row }) => `#${row.push.seq}`, style: () => "bold", alignRight: true },
    {
      title: "TIME",
      cell: ({ row }) => localTime(row.push.at),
      short: ({ row }) => localTime(row.push.at).slice(5),
      style: () => "dim",
      rank: 2,
    },
    { title: "TYPE", cell: ({ row }) => safeLine(redactor.type(row.push.type)), minWidth: 14 },
    { title: "ATTEMPTS", cell: ({ row }) => String(row.mark?.attempt ?? ""), alignRight: true, rank: 1 },
    {
      title: "ID",
      cell: ({ row }) => safeLine(redactor.pushId(row.push.id)),
      style: () => "dim",
      minWidth: 13,
      rank: 3,
    },
    { title: "ERROR", cell: ({ error = "" }) => safeLine(error), minWidth: 16 },
  ];
  return tableOf(out, columns, rows);
}

/** A dead push as `dead --json` prints it. */
export function deadJson({ row, error }: DeadRow, redactor: Redactor): object {
  const { id, seq, type, at } = row.push;
  return {
    event: "dead",
    id: redactor.pushId(id),
    seq,
    type: redactor.type(type),
    at,
    attempts: row.mark?.attempt ?? 0,
    error: error ?? null,
  };
}

/** A result as `dead --json` prints it. */
export function deadResultJson({ id, row, result, error }: DeadResult, redactor: Redactor): object {
  const seq = row?.push.seq ?? null;
  // Without a push, the id is what the user typed.
  const safeId = row === undefined ? id : redactor.pushId(id);
  return { event: "result", id: safeId, seq, result, error: error ? redactor.text(error) : undefined };
}

/** A result as `dead` prints it, on one line. */
export function deadResultLine(out: Screen, { id, row, result, error }: DeadResult, redactor: Redactor): string {
  const name = row === undefined ? safeLine(id) : out.style("bold", `#${row.push.seq}`);
  const type = row === undefined ? "" : `  ${safeLine(redactor.type(row.push.type))}`;
  const isDone = result === "retried" || result === "dropped";
  return `${name}${type}  ${out.style(isDone ? "green" : "red", describeResult({ id, row, result, error }, redactor))}`;
}

function describeResult({ row, result, error = "" }: DeadResult, redactor: Redactor): string {
  if (result === "not_found") return "not found: no dead push has this id";
  if (result === "not_dead") return "unchanged: it is not dead";
  if (result === "no_handler")
    return `unchanged: the app has no handler for ${safeLine(redactor.type(row?.push.type ?? "unknown"))}`;
  return result === "failed" ? `failed: ${safeLine(redactor.text(error))}` : result;
}
