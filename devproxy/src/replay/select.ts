import { usageError } from "../errors.js";
import { filterRows, hasFilters, type JournalReader, type Row, rowsOf } from "../journal/index.js";
import type { ReplayRequest } from "./request.js";

/**
 * The pushes that a request selects, in order of arrival.
 * @throws DevproxyError `usage`, if it selects nothing, or names an id that does not exist
 */
export async function select(reader: JournalReader, { ids = [], last, filters = {} }: ReplayRequest): Promise<Row[]> {
  if (ids.length === 0 && last === undefined && !hasFilters(filters)) {
    throw usageError("Say what to replay: ids (12, 3..7), --last N, or filters such as --status failed --since 10m.");
  }
  const inOrder =
    ids.length > 0 ? rowsOf(reader.index, ids).sort((a, b) => a.push.seq - b.push.seq) : reader.index.rows;
  return filterRows(reader, inOrder, filters, last);
}
