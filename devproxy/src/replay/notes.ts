import { describePush, verifySign } from "airudder-webhooks";
import type { Content } from "airudder-webhooks/journal";
import { statedType } from "../drift/stated-type.js";
import type { NoteEvent } from "../events.js";
import { unlessDropped } from "../journal/dropped.js";
import type { Row } from "../journal/rows.js";
import type { Reader } from "../journal/store.js";
import { type Edits, editBody, hasEdits, isSigned, sets } from "./edit.js";

/**
 * The push with the edits made.
 * @throws DevproxyError `usage`, when it cannot be edited
 */
export function edited({ push }: Row, { headers, body }: Content, edits: Edits): Content {
  if (!hasEdits(edits)) return { headers, body };
  return { headers, body: editBody(body, String(headers["content-encoding"] ?? ""), edits, `#${push.seq}`) };
}

/**
 * Makes the edits of all pushes once, and says what they do besides: to the type, the schema, the signature.
 * @throws DevproxyError `usage`, when a push cannot be edited
 */
export async function noteEdits(
  reader: Reader,
  rows: readonly Row[],
  edits: Edits,
  onNote: (event: NoteEvent) => void,
): Promise<void> {
  if (!hasEdits(edits)) return;
  const note = (code: string, message: string) => onNote({ event: "note", code, message });
  let unsigned = 0;
  let isTold = false;
  for (const row of rows) {
    const content = await unlessDropped(reader.content(row.place));
    if (content === undefined) continue;
    const changed = edited(row, content, edits);
    for (const { code, message } of changesOf(row, content, changed)) note(code, message);
    const { payload = {} } = describePush(content.body, content.headers);
    if (sets(edits, "Sign")) continue;
    if (!isSigned(payload)) unsigned++;
    else if (edits.key === undefined && sets(edits, "TaskID") && !verifySign(payload) && !isTold) {
      isTold = true;
      const what = `#${row.push.seq}: TaskID is set without --key: it is signed again with the vendor's public key`;
      note("signed_with_public_key", `${what}, which it was not signed with. Give --key to sign it with another.`);
    }
  }
  if (edits.key === undefined || unsigned === 0) return;
  const which = unsigned === rows.length ? "no push carries" : `${unsigned} of ${rows.length} pushes do not carry`;
  note("nothing_to_sign", `--key signs only what carries a Sign, which ${which}.`);
}

function changesOf(row: Row, content: Content, { headers, body }: Content): { code: string; message: string }[] {
  const was = describePush(content.body, content.headers, statedType(row.push));
  const by = describePush(body, headers);
  const before = describePush(content.body, content.headers);
  const isRetyped = before.type !== by.type;
  const is = isRetyped ? by : describePush(body, headers, statedType(row.push));
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
