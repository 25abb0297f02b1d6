import type { InboxEvents, StoredPush } from "../inbox/inbox.js";
import { newPushId } from "../push/id.js";

const EMPTY_BODY = "{}";

/** A push for `Inbox.put` with default values. Pass the values that the test needs. */
export function storedPush(overrides: Partial<StoredPush> = {}): StoredPush {
  return {
    id: newPushId(),
    type: "unknown",
    receivedAt: new Date(),
    method: "POST",
    url: "/",
    headers: { "content-type": "application/json" },
    body: Buffer.from(EMPTY_BODY),
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

/** Callbacks that do nothing. */
export const noEvents: InboxEvents = { recovered: () => undefined, failed: () => undefined, dead: () => undefined };
