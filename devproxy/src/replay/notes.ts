import { verifySign } from "airudder-webhooks";
import { describePush } from "airudder-webhooks/inspect";
import { type Content, JournalError } from "airudder-webhooks/journal";
import { DevproxyError } from "../errors.js";
import type { NoteEvent } from "../events.js";
import { type JournalReader, type Row, unlessDropped } from "../journal/index.js";
import { type Edits, editBody, hasEdits, isSigned, sets } from "./edit.js";
import type { Skipped } from "./skipped.js";

/**
 * The push with the edits made.
 * @throws DevproxyError `usage`, when it cannot be edited
 */
export function edited({ push }: Row, { headers, body }: Content, edits: Edits): Content {
  if (!hasEdits(edits)) return { headers, body };
  return { headers, body: editBody(body, String(headers["content-encoding"] ?? ""), edits, `#${push.seq}`) };
}

/**
 * Returns the rows that the edits can change and skips the others. Reports what else the edits change: type, schema and signature.
 * @throws DevproxyError `usage`, if the edits can change none of them
 */
export async function editableRows(
  reader: JournalReader,
  rows: readonly Row[],
  edits: Edits,
  skipped: Skipped,
  onNote: (event: NoteEvent) => void,
): Promise<readonly Row[]> {
  if (!hasEdits(edits)) return rows;
  const note = (code: string, message: string) => onNote({ event: "note", code, message });
  const editable: Row[] = [];
  let problem: unknown;
  let unsigned = 0;
  let isNoted = false;
  for (const row of rows) {
    let content: Content;
    let changed: Content;
    try {
      const found = await unlessDropped(reader.content(row.location));
      if (found === undefined) {
        editable.push(row);
        continue;
      }
      content = found;
      changed = edited(row, content, edits);
    } catch (error) {
      const isUsage = error instanceof DevproxyError;
      if (!isUsage && !(error instanceof JournalError)) throw error;
      problem ??= error;
      skipped.add(row, isUsage ? reasonOf(error) : "its record in the journal cannot be read.");
      continue;
    }
    editable.push(row);
    for (const { code, message } of changesOf(row, content, changed)) note(code, message);
    const { payload = {} } = describePush(content.body, content.headers);
    if (sets(edits, "Sign")) continue;
    if (!isSigned(payload)) unsigned++;
    else if (edits.key === undefined && sets(edits, "TaskID") && !verifySign(payload, edits.agreedKey) && !isNoted) {
      isNoted = true;
      const which = edits.agreedKey === undefined ? "the vendor's public key" : "the key in AIRUDDER_KEY";
      const what = `#${row.push.seq}: TaskID is set without --key, so the push is signed again with ${which}`;
      note("signed_with_other_key", `${what}. Its old Sign was made with another key: give it with --key.`);
    }
  }
  if (editable.length === 0 && problem !== undefined) throw problem;
  if (edits.key !== undefined && unsigned > 0) {
    const which = unsigned === editable.length ? "no push carries one" : `${unsigned} of ${editable.length} carry none`;
    note("nothing_to_sign", `--key signs only pushes that carry a Sign: ${which}.`);
  }
  return editable;
}

/** Why a push cannot be edited, without its number, so that pushes with the same reason share a line. */
function reasonOf({ message }: Error): string {
  return message
    .replace(/^The body of #\d+ is/, "its body is")
    .replace(/^(--set: there is no .+) in #\d+,/, "$1 in it,");
}

function changesOf(row: Row, content: Content, { headers, body }: Content): { code: string; message: string }[] {
  const was = describePush(content.body, content.headers, row.push);
  const by = describePush(body, headers);
  const before = describePush(content.body, content.headers);
  const isRetyped = before.type !== by.type;
  const is = isRetyped ? by : describePush(body, headers, row.push);
  const name = `#${row.push.seq}`;
  const known = new Set(was.drift.map(({ path }) => path));
  const drift = is.drift.filter(({ path }) => !known.has(path));
  return [
    ...(isRetyped
      ? [{ code: "edit_retypes", message: `${name}: the edit changes the type from ${before.type} to ${by.type}` }]
      : []),
    ...drift.map(({ path, expected, got }) => ({
      code: "edit_drifts",
      message: `${name}: the edit does not fit the schema at ${path}: ${expected} expected, ${got} set`,
    })),
  ];
}
