import type { InboxEvents, StoredPush } from "../inbox/inbox.js";
import { newPushId } from "../push/id.js";

const EMPTY = "{}";

/** A push as an inbox is given it; each test sets what it is about. */
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
    drift: 0,
    quarantined: false,
    ...overrides,
  };
}

/** For an inbox whose events nobody wants. */
export const silent: InboxEvents = { recovered: () => undefined, failed: () => undefined, dead: () => undefined };
