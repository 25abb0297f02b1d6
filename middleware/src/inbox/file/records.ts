import type { PushType } from "../../generated/types.js";
import type { Content, NewHead, PushHead } from "../../journal/index.js";
import type { StoredPush } from "../inbox.js";

/** A stored push as the head of its line in the journal. */
export function headOf(push: StoredPush): NewHead {
  const { id, receivedAt, method, url, type, verified, body, sha256, subject, task, call, workflow, drift } = push;
  return {
    kind: "push",
    id,
    at: receivedAt.toISOString(),
    method,
    url,
    type,
    verified,
    source: "inbox",
    size: body.length,
    sha256,
    ...(subject === undefined ? {} : { subject }),
    ...(task === undefined ? {} : { task }),
    ...(call === undefined ? {} : { call }),
    ...(workflow === undefined ? {} : { workflow }),
    ...(drift === 0 ? {} : { drift }),
    ...(push.quarantined ? { quarantined: true } : {}),
    ...(push.reserialised ? { reserialised: true } : {}),
    ...(push.replay === undefined ? {} : { replay: push.replay }),
  };
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
