export const WHEN_DOWN = ["hold", "ack", "fail"] as const;

/** What `listen` does while the app is down: wait for it, respond 200 at once, or respond 502 so that the sender retries. */
export type WhenDown = (typeof WHEN_DOWN)[number];
