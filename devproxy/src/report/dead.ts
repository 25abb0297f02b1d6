import type { RequestResult } from "airudder-webhooks/journal";
import type { Row } from "../journal/rows.js";
import type { Curtain } from "../privacy/curtain.js";
import type { Screen } from "./screen.js";
import { type Column, type Table, tableOf } from "./table.js";
import { clean, local } from "./words.js";

/** What became of one push, or of an id of no push. */
export interface DeadResult {
  id: string;
  row?: Row | undefined;
  /** `not_dead`: the push is neither dead nor quarantined. */
  result: RequestResult["result"] | "not_dead";
  error?: string | undefined;
}

/** Dead pushes as lines, under a header. */
export function deadTable(out: Screen, rows: readonly Row[], curtain: Curtain): Table<Row> {
  const columns: Column<Row>[] = [
    { title: "#", cell: ({ push }) => `#${push.seq}`, style: () => "bold", alignRight: true },
    {
      title: "TIME",
      cell: ({ push }) => local(push.at),
      short: ({ push }) => local(push.at).slice(5),
      style: () => "dim",
      rank: 2,
    },
    { title: "TYPE", cell: ({ push }) => clean(curtain.text(push.type)), minWidth: 14 },
    { title: "ATTEMPTS", cell: ({ mark }) => String(mark?.attempt ?? ""), alignRight: true, rank: 1 },
    { title: "ID", cell: ({ push }) => clean(curtain.text(push.id)), style: () => "dim", minWidth: 13, rank: 3 },
    { title: "ERROR", cell: (row) => clean(errorOf(row, curtain)), minWidth: 16 },
  ];
  return tableOf(out, columns, rows);
}

/** A dead push as `dead --json` prints it. */
export function deadJson(row: Row, curtain: Curtain): object {
  const { id, seq, type, at } = row.push;
  const error = errorOf(row, curtain);
  return {
    event: "dead",
    id: curtain.text(id),
    seq,
    type: curtain.text(type),
    at,
    attempts: row.mark?.attempt ?? 0,
    error: error === "" ? null : error,
  };
}

/** A result as `dead --json` prints it. */
export function resultJson({ id, row, result, error }: DeadResult, curtain: Curtain): object {
  const seq = row?.push.seq ?? null;
  return { event: "result", id: curtain.text(id), seq, result, ...(error ? { error: curtain.text(error) } : {}) };
}

/** A result as a line. */
export function resultLine(out: Screen, { id, row, result, error }: DeadResult, curtain: Curtain): string {
  const name = row === undefined ? clean(curtain.text(id)) : out.style("bold", `#${row.push.seq}`);
  const type = row === undefined ? "" : `  ${clean(curtain.text(row.push.type))}`;
  const isDone = result === "retried" || result === "dropped";
  return `${name}${type}  ${out.style(isDone ? "green" : "red", wordsOf({ id, row, result, error }, curtain))}`;
}

function wordsOf({ row, result, error = "" }: DeadResult, curtain: Curtain): string {
  if (result === "not_found") return "not found: no dead push has this id";
  if (result === "not_dead") return "unchanged: it is not dead";
  if (result === "no_handler")
    return `unchanged: the app has no handler for ${clean(curtain.text(row?.push.type ?? ""))}`;
  return result === "failed" ? `failed: ${clean(curtain.text(error))}` : result;
}

function errorOf({ mark }: Row, curtain: Curtain): string {
  return curtain.text(mark?.error ?? "");
}
