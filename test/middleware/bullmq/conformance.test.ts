import { bullmqInbox } from "airudder-webhooks/bullmq";
import { inboxConformance } from "airudder-webhooks/testing";
import { redisTest } from "../../helpers/redis.js";
import { sharedRedis } from "./redis.js";

const server = sharedRedis();
let queue = "";

const cases = inboxConformance({
  make: async (keepStorage) => {
    if (!keepStorage) queue = `airudder-${Math.random()}`;
    const connection = { url: (await server()).url };
    return bullmqInbox({ queue, connection, retryMs: 10, maxRetryMs: 50 });
  },
});

for (const { name, run } of cases) redisTest(`an inbox on BullMQ: ${name}`, run);
