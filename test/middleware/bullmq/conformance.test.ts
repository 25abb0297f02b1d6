import { after } from "node:test";
import { bullmqInbox } from "airudder-webhooks/bullmq";
import { inboxConformance } from "airudder-webhooks/testing";
import { Link } from "../../helpers/link.js";
import { redisTest } from "../../helpers/redis.js";
import { newQueue, sharedRedis } from "./redis.js";

const server = sharedRedis();
const links = new Map<object, Link>();
after(() => {
  for (const link of links.values()) link.cut();
});
let queue = "";

const cases = inboxConformance({
  timeoutMs: 20_000, // pushes of a crashed inbox run again after up to three times leaseMs
  async make(keepStorage) {
    if (!keepStorage) queue = newQueue();
    const link = await Link.to((await server()).port);
    const connection = { url: `redis://127.0.0.1:${link.port}` };
    const inbox = bullmqInbox({ queue, connection, retryMs: 10, maxRetryMs: 50, leaseMs: 1_500 });
    links.set(inbox, link);
    return inbox;
  },
  crash(inbox) {
    links.get(inbox)?.cut();
    void inbox.close(0).catch(() => undefined);
  },
});

for (const { name, run } of cases) redisTest(`an inbox on BullMQ: ${name}`, run);
