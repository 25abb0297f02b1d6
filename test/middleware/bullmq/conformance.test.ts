import { after } from "node:test";
import { bullmqInbox } from "airudder-webhooks/bullmq";
import { inboxConformance } from "airudder-webhooks/testing";
import { redisTest } from "../../helpers/redis.js";
import { TcpProxy } from "../../helpers/tcp-proxy.js";
import { newQueue, sharedRedis } from "./redis.js";

const server = sharedRedis();
const proxies = new Map<object, TcpProxy>();
after(() => {
  for (const proxy of proxies.values()) proxy.close();
});
let queue = "";

const cases = inboxConformance({
  timeoutMs: 20_000, // pushes of a crashed inbox run again after up to three times leaseMs
  async make(keepStorage) {
    if (!keepStorage) queue = newQueue();
    const proxy = await TcpProxy.start((await server()).port);
    const connection = { url: `redis://127.0.0.1:${proxy.port}` };
    const inbox = bullmqInbox({ queue, connection, retryMs: 10, maxRetryMs: 50, leaseMs: 1_500 });
    proxies.set(inbox, proxy);
    return inbox;
  },
  crash(inbox) {
    proxies.get(inbox)?.close();
    void inbox.close(0).catch(() => undefined);
  },
});

for (const { name, run } of cases) redisTest(`an inbox on BullMQ: ${name}`, run);
