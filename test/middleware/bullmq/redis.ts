import { after } from "node:test";
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
