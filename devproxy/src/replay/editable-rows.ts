import { verifySign } from "airudder-webhooks";
import { describePush } from "airudder-webhooks/inspect";
import { type Content, JournalError } from "airudder-webhooks/journal";
import { DevproxyError } from "../errors.js";
import type { NoteEvent } from "../events.js";
import { type JournalReader, type Row, unlessDropped } from "../journal/index.js";
import { type Edits, editPush, hasEdits, isSigned, sets } from "./edit.js";
import type { SkippedPushes } from "./skipped.js";

/**
 * The rows that the edits can change; skips the others. Reports the side effects of the edits on type, schema and signature.
 * @throws DevproxyError `usage`, if the edits can change none of the rows
 */
export async function editableRows(
  reader: JournalReader,
  rows: readonly Row[],
  edits: Edits,
  skipped: SkippedPushes,
  onNote: (event: NoteEvent) => void,
): Promise<readonly Row[]> {
  if (!hasEdits(edits)) return rows;
  const note = (code: string, message: string) => onNote({ event: "note", code, message });
  const editable: Row[] = [];
  let problem: unknown;
  let unsigned = 0;
  let isOtherKeyNoted = false;
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
      changed = editPush(row, content, edits);
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
    else if (
      edits.key === undefined &&
      sets(edits, "TaskID") &&
      !verifySign(payload, edits.agreedKey) &&
      !isOtherKeyNoted
    ) {
      isOtherKeyNoted = true;
      const which = edits.agreedKey === undefined ? "the vendor's public key" : "the key in AIRUDDER_KEY";
      const what = `#${row.push.seq}: TaskID is set without --key, so the push is signed again with ${which}`;
      note("signed_with_other_key", `${what}. Its recorded Sign was made with another key: use --key with that key.`);
    }
  }
  if (editable.length === 0 && problem !== undefined) throw problem;
  if (edits.key !== undefined && unsigned > 0) {
    const which = unsigned === editable.length ? "no push carries one" : `${unsigned} of ${editable.length} carry none`;
    note("nothing_to_sign", `--key signs only pushes that carry a Sign: ${which}.`);
  }
  return editable;
}

/** Why a push cannot be edited, without its number, so that one line reports all pushes with the same reason. */
function reasonOf({ message }: Error): string {
  return message
    .replace(/^The body of #\d+ is/, "its body is")
    .replace(/^(--set: there is no .+) in #\d+,/, "$1 in it,");
}

/** The changes of type and the new drift that the edits of a push cause. */
function changesOf(row: Row, content: Content, { headers, body }: Content): { code: string; message: string }[] {
  const { type: before } = describePush(content.body, content.headers);
  const { type: after, drift: driftOfAfter } = describePush(body, headers);
  const isRetyped = before !== after;
  const { drift: oldDrift } = describePush(content.body, content.headers, row.push);
  const newDrift = isRetyped ? driftOfAfter : describePush(body, headers, row.push).drift;
  const name = `#${row.push.seq}`;
  const known = new Set(oldDrift.map(({ path }) => path));
  const drift = newDrift.filter(({ path }) => !known.has(path));
  return [
    ...(isRetyped
      ? [{ code: "edit_retypes", message: `${name}: the edit changes the type from ${before} to ${after}` }]
      : []),
    ...drift.map(({ path, expected, got }) => ({
      code: "edit_drifts",
      message: `${name}: the edit does not fit the schema at ${path}: ${expected} expected, ${got} set`,
    })),
  ];
}
