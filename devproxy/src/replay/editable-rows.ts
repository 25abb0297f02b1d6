import { verifySign } from "airudder-webhooks";
import { describePush } from "airudder-webhooks/inspect";
import { type Content, JournalError } from "airudder-webhooks/journal";
import { DevproxyError } from "../errors.js";
import type { NoteEvent } from "../events.js";
import { type JournalReader, type Row, unlessDropped } from "../journal/index.js";
import { type Edits, editPush, hasEdits, isSigned, setsField } from "./edit.js";
import type { SkippedPushes } from "./skipped.js";

/**
 * Returns the rows that the edits can change, and skips the others. Reports edits that change the type or add drift, a `Sign` made with
 * another key, and a `key` that signs nothing.
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
  let firstError: unknown;
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
      firstError ??= error;
      skipped.add(row, isUsage ? reasonOf(error) : "the record in the journal cannot be read.");
      continue;
    }
    editable.push(row);
    for (const { code, message } of sideEffectsOf(row, content, changed)) note(code, message);
    const { payload = {} } = describePush(content.body, content.headers);
    if (setsField(edits, "Sign")) continue;
    if (!isSigned(payload)) unsigned++;
    else if (
      edits.key === undefined &&
      setsField(edits, "TaskID") &&
      !verifySign(payload, edits.agreedKey) &&
      !isOtherKeyNoted
    ) {
      isOtherKeyNoted = true;
      const which = edits.agreedKey === undefined ? "the vendor's published key" : "the key in AIRUDDER_KEY";
      const what = `#${row.push.seq}: TaskID is set without --key, so the push is signed again with ${which}`;
      note("signed_with_other_key", `${what}. Its recorded Sign was made with another key: use --key with that key.`);
    }
  }
  if (editable.length === 0 && firstError !== undefined) throw firstError;
  if (edits.key !== undefined && unsigned > 0) {
    const which = unsigned === editable.length ? "no push carries one" : `${unsigned} of ${editable.length} carry none`;
    note("nothing_to_sign", `--key signs only pushes that carry a Sign: ${which}.`);
  }
  return editable;
}

/** Why a push cannot be edited, without its number, so that one line reports all pushes with the same reason. */
function reasonOf({ message }: Error): string {
  return message
    .replace(/^The body of #\d+ is/, "the body is")
    .replace(/^(--set: there is no .+) in #\d+,/, "$1 in the body,");
}

/** Notes about the side effects of the edits of a push: another type, or added drift. */
function sideEffectsOf(row: Row, content: Content, { headers, body }: Content): { code: string; message: string }[] {
  const { type: before } = describePush(content.body, content.headers);
  const { type: after, drift: driftAsNewType } = describePush(body, headers);
  const isRetyped = before !== after;
  const { drift: driftBefore } = describePush(content.body, content.headers, row.push);
  const driftAfter = isRetyped ? driftAsNewType : describePush(body, headers, row.push).drift;
  const name = `#${row.push.seq}`;
  const known = new Set(driftBefore.map(({ path }) => path));
  const addedDrift = driftAfter.filter(({ path }) => !known.has(path));
  return [
    ...(isRetyped
      ? [{ code: "edit_retypes", message: `${name}: the edit changes the type from ${before} to ${after}` }]
      : []),
    ...addedDrift.map(({ path, expected, got }) => ({
      code: "edit_drifts",
      message: `${name}: the edit does not fit the schema at ${path}: ${expected} expected, ${got} set`,
    })),
  ];
}
