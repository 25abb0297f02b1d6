import type { PushType } from "../../generated/types.js";
import type { Content, NewHead, PushHead } from "../../journal/index.js";
import type { StoredPush } from "../inbox.js";

/** A stored push as the head of its line in the journal. */
export function headOf(push: StoredPush): NewHead {
  const { id, receivedAt, method, url, type, verified, body, sha256, subject, task, call, workflow, drift } = push;
  const at = receivedAt.toISOString();
  const size = body.length;
  const head: NewHead = { kind: "push", id, at, method, url, type, verified, source: "inbox", size, sha256 };
  if (subject !== undefined) head.subject = subject;
  if (task !== undefined) head.task = task;
  if (call !== undefined) head.call = call;
  if (workflow !== undefined) head.workflow = workflow;
  if (drift > 0) head.drift = drift;
  if (push.quarantined) head.quarantined = true;
  if (push.reserialised) head.reserialised = true;
  if (push.replay !== undefined) head.replay = push.replay;
  return head;
}

/** A stored push that cannot be read any more: its line is damaged, or its segment was removed. */
export class LostPush extends Error {
  override readonly name = "LostPush";
}

/** The stored push of a line of the journal. */
export function storedOf(head: PushHead, { headers, body }: Content): StoredPush {
  const { id, at, method, url, type, verified, sha256, subject, task, call, workflow, drift = 0 } = head;
  return {
    id,
    type: type as PushType,
    receivedAt: new Date(at),
    method,
    url,
    headers,
    body,
    sha256,
    reserialised: head.reserialised ?? false,
    verified,
    replay: head.replay,
    subject,
    task,
    call,
    workflow,
    drift,
    quarantined: head.quarantined ?? false,
  };
}
