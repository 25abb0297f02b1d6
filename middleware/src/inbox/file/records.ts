import type { PushType } from "../../generated/types.js";
import type { Content, NewHead, PushHead } from "../../journal/index.js";
import { factsOf } from "../../push/facts.js";
import type { StoredPush } from "../inbox.js";

/** Returns the head of the journal record for a stored push. */
export function headOf(push: StoredPush): NewHead {
  const { id, receivedAt, method, url, body, sha256 } = push;
  const at = receivedAt.toISOString();
  const size = body.length;
  const head: NewHead = { kind: "push", id, at, method, url, source: "inbox", size, sha256, ...factsOf(push) };
  if (push.reserialised) head.reserialised = true;
  if (push.replay !== undefined) head.replay = push.replay;
  return head;
}

/** A stored push that cannot be read any more: its record is damaged, or its segment was dropped. */
export class LostPush extends Error {
  override readonly name = "LostPush";
}

/** Returns the stored push of a journal record. */
export function storedOf(head: PushHead, { headers, body }: Content): StoredPush {
  const { id, at, method, url, sha256, type, subject, drift = 0, quarantined = false } = head;
  return {
    ...factsOf(head),
    id,
    type: type as PushType,
    receivedAt: new Date(at),
    method,
    url,
    headers,
    body,
    sha256,
    reserialised: head.reserialised ?? false,
    replay: head.replay,
    subject,
    drift,
    quarantined,
  };
}
