import assert from "node:assert/strict";
import { test } from "node:test";
import { AirudderError, airudder, type HandlerContext } from "airudder-webhooks";
import { type BullmqInboxOptions, bullmqInbox } from "airudder-webhooks/bullmq";
import { Cluster, Redis } from "ioredis";
import { redisTest } from "../../helpers/redis.js";
import { until } from "../../helpers/until.js";
import { makeEvents, pushOf, sharedRedis } from "./redis.js";

const server = sharedRedis();
const VALID = { queue: "airudder", connection: { host: "127.0.0.1" } };

test("each invalid option is rejected, with its name and a valid value", () => {
  const client = new Redis({ lazyConnect: true });
  const prefixed = new Redis({ lazyConnect: true, keyPrefix: "app:", maxRetriesPerRequest: null });
  const cases: [unknown, RegExp][] = [
    [undefined, /the options must be an object, such as \{ queue: "airudder"/],
    [{ ...VALID, queue: "" }, /option "queue" must be a non-empty string without colons, such as "airudder"/],
    [{ ...VALID, queue: "a:b" }, /option "queue"/],
    [{ queue: "airudder" }, /option "connection" must be options of ioredis, such as \{ host/],
    [{ ...VALID, connection: "redis://127.0.0.1" }, /option "connection"/],
    [{ ...VALID, connection: { keyPrefix: "app:" } }, /must not have a keyPrefix\. Use the option "prefix"/],
    [{ ...VALID, connection: prefixed }, /must not have a keyPrefix\. Use the option "prefix"/],
    [{ ...VALID, connection: client }, /create the client with \{ maxRetriesPerRequest: null \}/],
    [{ ...VALID, prefix: "" }, /option "prefix" must be a non-empty string, such as "bull"/],
    [{ ...VALID, concurrency: 0 }, /option "concurrency" must be a whole number from 1 to 2147483647, such as 16/],
    [{ ...VALID, retries: -1 }, /option "retries" must be a whole number from 0/],
    [{ ...VALID, retention: 1 }, /unknown option "retention"\. Options: queue, connection, prefix, concurrency/],
  ];
  for (const [options, message] of cases) {
    assert.throws(
      () => bullmqInbox(options as BullmqInboxOptions),
      (error) => error instanceof AirudderError && error.code === "invalid_option" && message.test(error.message),
      String(message),
    );
  }
  bullmqInbox({ ...VALID, retries: 0, retentionCount: 0 });
});

redisTest("a client of the app is used and stays open; options work with a prefix in braces", async (t) => {
  const { url } = await server();
  const client = new Redis(url, { maxRetriesPerRequest: null });
  t.after(() => client.disconnect());
  for (const connection of [client, { url }]) {
    const inbox = bullmqInbox({ queue: "app", prefix: "{airudder}", connection });
    await inbox.open(makeEvents().events);
    const seen: string[] = [];
    inbox.consume(({ id }) => void seen.push(id));
    const push = pushOf("call", String(seen));
    await inbox.put(push, 1);
    await until(() => seen.length === 1);
    await inbox.close(1_000);
  }
  assert.equal(await client.ping(), "PONG");
});

/** Compiled by `npm run typecheck`. */
export function connectionsAreTyped(): void {
  const inbox = bullmqInbox({ queue: "airudder", connection: new Cluster([]), prefix: "{airudder}" });
  bullmqInbox({ queue: "airudder", connection: { host: "127.0.0.1", port: 6379, password: "p", tls: {} } });
  // @ts-expect-error a queue is needed
  bullmqInbox({ connection: {} });
  airudder({ inbox }).on("*", (_push, { transaction }: HandlerContext) => transaction satisfies undefined);
}
