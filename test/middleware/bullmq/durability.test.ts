import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { redisTest } from "../../helpers/redis.js";
import { makeClient, makeEvents, makeInbox, sharedRedis } from "./redis.js";

const server = sharedRedis();

/** The warnings of an inbox that is opened twice. */
async function warningsOf(t: TestContext, connection: object = {}): Promise<string[]> {
  const redis = await server();
  const { events, warnings } = makeEvents();
  const inbox = makeInbox(t, redis, { queue: "airudder", connection: { url: redis.url, ...connection } });
  await inbox.open(events);
  await inbox.open(events);
  assert.deepEqual(
    new Set(warnings.map(({ code }) => code)),
    new Set(warnings.length > 0 ? ["AIRUDDER_REDIS_DURABILITY"] : []),
  );
  return warnings.map(({ message }) => message);
}

redisTest("a Redis that keeps every push causes no warning", async (t) => {
  assert.deepEqual(await warningsOf(t), []);
});

redisTest(
  "each setting of Redis that weakens the guarantee causes one warning, which names what can be lost",
  async (t) => {
    const client = makeClient(t, await server());
    const set = (name: string, value: string): Promise<unknown> => client.config("SET", name, value);
    const cases = [
      [
        "appendfsync",
        "everysec",
        /queue airudder: .*\(appendfsync everysec\): .* up to about one second of stored pushes can be lost/,
      ],
      ["appendfsync", "no", /\(appendfsync no\): .* up to about 30 seconds of stored pushes can be lost/],
      [
        "maxmemory-policy",
        "allkeys-lru",
        /may delete stored pushes \(maxmemory-policy allkeys-lru\)\. Set maxmemory-policy noeviction/,
      ],
      [
        "maxmemory-policy",
        "volatile-ttl",
        /may delete locks and the data that detects duplicates, so that a push is handled twice/,
      ],
      ["appendonly", "no", /\(appendonly no\): if Redis restarts, all pushes since its last snapshot are lost/],
    ] as const;
    for (const [name, value, expected] of cases) {
      const [, before = ""] = (await client.config("GET", name)) as string[];
      await set(name, value);
      const warnings = await warningsOf(t);
      assert.equal(warnings.length, 1, `${name} ${value}: ${warnings.join()}`);
      assert.match(warnings[0] as string, expected);
      await set(name, before);
    }
  },
);

redisTest("where CONFIG is forbidden, as on managed Redis, the warning says that appendfsync is unknown", async (t) => {
  const client = makeClient(t, await server());
  await client.call("ACL", "SETUSER", "app", "on", ">pw", "~*", "&*", "+@all", "-config");
  const warnings = await warningsOf(t, { username: "app", password: "pw" });
  assert.equal(warnings.length, 1);
  assert.match(warnings[0] as string, /appendonly and appendfsync of Redis could not be read, so it is unknown/);
});
