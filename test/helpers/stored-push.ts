import { newPushId, type StoredPush } from "airudder-webhooks";

/** A push as an inbox is given it; each test sets what it is about. */
export function storedPush(overrides: Partial<StoredPush> = {}): StoredPush {
  return {
    id: newPushId(),
    type: "unknown",
    receivedAt: new Date(),
    method: "POST",
    url: "/",
    headers: { "content-type": "application/json" },
    body: Buffer.from("{}"),
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

/** For an inbox whose events nobody wants. */
export const silent = { recovered: () => undefined, retrying: () => undefined, dead: () => undefined };
