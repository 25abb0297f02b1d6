import type { Redactor } from "../privacy/index.js";
import type { Pin } from "../trigger/index.js";
import { byteSize, localTime, safeLine } from "./format.js";
import type { Screen } from "./screen.js";
import { type Column, type Table, tableOf } from "./table.js";

/** A pin as `pin --list --json` prints it. */
export function pinJson({ name, head }: Pin, redactor: Redactor): object {
  const { id, seq, at, type, size } = head;
  return {
    event: "pin",
    name: redactor.text(name),
    push: redactor.pushId(id),
    seq,
    type: redactor.type(type),
    at,
    size,
  };
}

/** The table of `pin --list`. */
export function pinTable(out: Screen, pins: readonly Pin[], redactor: Redactor): Table<Pin> {
  const columns: Column<Pin>[] = [
    { title: "NAME", cell: ({ name }) => safeLine(redactor.text(name)), style: () => "bold", minWidth: 14 },
    { title: "#", cell: ({ head }) => `#${head.seq}`, alignRight: true },
    { title: "TYPE", cell: ({ head }) => safeLine(redactor.type(head.type)), minWidth: 14 },
    { title: "TIME", cell: ({ head }) => localTime(head.at), style: () => "dim", rank: 2 },
    { title: "SIZE", cell: ({ head }) => byteSize(head.size), alignRight: true, rank: 3 },
  ];
  return tableOf(out, columns, pins);
}
