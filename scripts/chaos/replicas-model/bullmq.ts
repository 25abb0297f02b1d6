import { bullmqInbox } from "airudder-webhooks/bullmq";
import { type JobType, Queue } from "bullmq";
import { RedisServer } from "../../../test/helpers/redis.js";
import { TcpProxy } from "../../../test/helpers/tcp-proxy.js";
import type { ModelEngine } from "./engine.js";

const OPTIONS = { retries: 2, retryMs: 2, maxRetryMs: 8, leaseMs: 600, concurrency: 12 };
const UNFINISHED: JobType[] = ["wait", "active", "delayed", "prioritized"];

/** The inbox on BullMQ. The workers reach Redis through proxies that can be cut. */
export async function bullmqEngine(): Promise<ModelEngine> {
  const server = await RedisServer.start();
  let queue: Queue | undefined;
  let runs = 0;
  return {
    name: "bullmq",
    hasOrder: false,
    ...OPTIONS,
    async reset() {
      await queue?.close();
      queue = new Queue(`model-${++runs}`, { connection: { url: server.url } });
      queue.on("error", () => undefined);
    },
    async connect() {
      const proxy = await TcpProxy.start(server.port);
      const inbox = bullmqInbox({
        queue: (queue as Queue).name,
        connection: { url: `redis://${server.host}:${proxy.port}` },
        ...OPTIONS,
      });
      return {
        inbox,
        freeze: () => proxy.freeze(),
        thaw: () => proxy.thaw(),
        crash() {
          proxy.close();
          void inbox.close(0).catch(() => undefined);
        },
      };
    },
    async unfinished() {
      const jobs = await (queue as Queue).getJobs(UNFINISHED);
      return jobs.flatMap((job) => (job?.id === undefined ? [] : [job.id]));
    },
    async stop() {
      await queue?.close();
      await server.remove();
    },
  };
}
