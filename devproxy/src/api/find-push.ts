import { findRows, type JournalIndex, type Row } from "../journal/index.js";
import { ApiFailure, usage } from "./failure.js";

/**
 * The push that an id of a path or query refers to: `12`, `#12`, a long id or a prefix of it.
 * @throws ApiFailure `not_found`; DevproxyError `usage`, for a malformed or ambiguous id
 */
export function findPush(index: JournalIndex, id: string): Row {
  const rows = findRows(index, id);
  if (rows.length > 1) throw usage(`${id} refers to ${rows.length} pushes. Give the id of one.`);
  if (rows[0] === undefined) throw new ApiFailure(404, "not_found", `There is no push ${id} in the journal.`);
  return rows[0];
}
