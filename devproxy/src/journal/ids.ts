import { usageError } from "../errors.js";
import type { Index, Row } from "./rows.js";

/**
 * The rows that ids on a command line stand for: `#12` or `12`, a long id, or a range `3..7` (`3..` and `..7` are open ranges).
 * @throws DevproxyError `usage`, when one is malformed or stands for nothing
 */
export function rowsOf(index: Index, ids: readonly string[]): Row[] {
  return [...new Set(ids.flatMap((id) => rowsOfOne(index, id)))];
}

/** The one row that an id stands for. */
export function rowOf(index: Index, id: string): Row {
  const rows = rowsOfOne(index, id);
  if (rows.length === 1) return rows[0] as Row;
  throw usageError(`${id} stands for ${rows.length} pushes; give the id of one.`);
}

function rowsOfOne(index: Index, id: string): Row[] {
  const range = /^#?(\d*)\.\.#?(\d*)$/.exec(id);
  if (range !== null && id !== "..") return rowsOfRange(index, id, range[1] as string, range[2] as string);
  const seq = /^#?(\d{1,15})$/.exec(id)?.[1];
  const row = (seq !== undefined ? index.bySeq(Number(seq)) : undefined) ?? index.byId(id);
  if (row !== undefined) return [row];
  if (seq === undefined && !/^[\w-]{8,}$/.test(id)) {
    throw usageError(`"${id}" is not an id. Give #12 or 12, the long id, or a range such as 3..7.`);
  }
  throw usageError(`There is no push ${id}${extent(index)}.`);
}

function rowsOfRange(index: Index, text: string, from: string, to: string): Row[] {
  const first = from === "" ? 1 : Number(from);
  const last = to === "" ? Number.MAX_SAFE_INTEGER - 1 : Number(to);
  if (first > last) throw usageError(`The range ${text} is upside down. Give the smaller number first, such as 3..7.`);
  const rows = index.between(first, last);
  if (rows.length === 0) throw usageError(`There is no push in ${text}${extent(index)}.`);
  return rows;
}

function extent({ rows }: Index): string {
  const first = rows[0]?.push.seq;
  return first === undefined ? "; the journal is empty" : `; the journal holds #${first} to #${rows.at(-1)?.push.seq}`;
}
