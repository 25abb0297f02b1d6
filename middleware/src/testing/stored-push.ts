import type { InboxEvents, StoredPush } from "../inbox/inbox.js";
import { newPushId } from "../push/id.js";

const EMPTY = "{}";

/** A stored push for tests. `overrides` replace the default values. */
export function storedPush(overrides: Partial<StoredPush> = {}): StoredPush {
  return {
    id: newPushId(),
    type: "unknown",
    receivedAt: new Date(),
    method: "POST",
    url: "/",
    headers: { "content-type": "application/json" },
    body: Buffer.from(EMPTY),
    sha256: "",
    reserialised: false,
    verified: false,
    replay: undefined,
    subject: undefined,
    task: undefined,
    call: undefined,
    workflow: undefined,
    drift: 0,
    quarantined: false,
    ...overrides,
  };
}

/** Events that do nothing. */
export const silent: InboxEvents = { recovered: () => undefined, failed: () => undefined, dead: () => undefined };
