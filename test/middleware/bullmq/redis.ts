import { after, type TestContext } from "node:test";
import { type BullmqInboxOptions, bullmqInbox } from "airudder-webhooks/bullmq";
import type { Inbox, InboxEvents, StoredPush } from "airudder-webhooks/inbox";
import { Redis } from "ioredis";
import { storedPush } from "../../../middleware/src/testing/stored-push.js";
import { atEnd } from "../../helpers/at-end.js";
import { RedisServer } from "../../helpers/redis.js";

/** One server for all tests of a file. Started by the first test that needs it; removed after the last test. */
export function sharedRedis(settings?: Record<string, string>): () => Promise<RedisServer> {
  let starting: Promise<RedisServer> | undefined;
  after(async () => (await starting)?.remove());
  return () => {
    starting ??= RedisServer.start(settings);
    return starting;
  };
}

let count = 0;

/** A queue name that no other test of this file uses. */
export function newQueue(): string {
  return `airudder-${++count}`;
}

/** A client that reads the data of the server. */
export function makeClient(t: TestContext, server: RedisServer): Redis {
  const client = new Redis(server.url, { maxRetriesPerRequest: null });
  client.on("error", () => undefined);
  atEnd(t, () => client.disconnect());
  return client;
}

export interface Warned {
  readonly code: string;
  readonly message: string;
}

/** Events of an inbox, and the warnings that it has emitted. */
export function makeEvents(events: Partial<InboxEvents> = {}): { events: InboxEvents; warnings: Warned[] } {
  const warnings: Warned[] = [];
  return {
    warnings,
    events: {
      recovered: () => undefined,
      failed: () => undefined,
      dead: () => undefined,
      warn: (code, message) => void warnings.push({ code, message }),
      ...events,
    },
  };
}

/** An inbox that is not open. It is closed after the test. */
export function makeInbox(t: TestContext, server: RedisServer, options: Partial<BullmqInboxOptions> = {}): Inbox {
  const inbox = bullmqInbox({
    queue: newQueue(),
    connection: { url: server.url },
    retryMs: 10,
    maxRetryMs: 50,
    ...options,
  });
  atEnd(t, () => inbox.close(0));
  return inbox;
}

/** An open inbox. */
export async function openInbox(
  t: TestContext,
  server: RedisServer,
  options: Partial<BullmqInboxOptions> = {},
  events: Partial<InboxEvents> = {},
): Promise<Inbox> {
  const inbox = makeInbox(t, server, options);
  await inbox.open(makeEvents(events).events);
  return inbox;
}

/** A push about a subject. Equal bodies make equal pushes. */
export function pushOf(subject: string, body: string): StoredPush {
  return storedPush({ subject, body: Buffer.from(body), sha256: `sha of ${body}` });
}
