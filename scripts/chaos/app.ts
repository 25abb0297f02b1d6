/** An app with a file inbox, to be killed and abused: handles each push in a moment, and notes it in a file with one write. */
import { openSync, writeSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { airudder, fileInbox } from "airudder-webhooks";
import { exposeFunctions } from "../child-functions.js";
import { KEY } from "../load/pushes.js";

/** What the app is told when it is started, as JSON. */
export interface AppOptions {
  /** Folder of the inbox. */
  readonly dir: string;
  /** File that gets a line for each push that was handled: `life time call attempt`. */
  readonly log?: string;
  /** The how-many-th life of the app this is. */
  readonly life?: number;
  readonly port?: number;
  readonly segmentBytes?: number;
  /** No handler takes longer. */
  readonly handlerMs?: number;
  /** Of requests. */
  readonly bodyTimeoutMs?: number;
}

const options = JSON.parse(process.argv[2] ?? "{}") as AppOptions;
const { dir, log, life = 1, port = 0, segmentBytes, handlerMs = 0, bodyTimeoutMs } = options;
const fd = log === undefined ? undefined : openSync(log, "a");
const inbox = fileInbox(dir, segmentBytes === undefined ? {} : { segmentBytes });
const receiver = airudder({ key: KEY, inbox, bodyTimeoutMs });
receiver.on("call.completed", async ({ payload, attempt }) => {
  if (handlerMs > 0) await new Promise((resolve) => setTimeout(resolve, Math.random() * handlerMs));
  if (fd !== undefined) writeSync(fd, `${life} ${Date.now()} ${payload.Details[0]?.CallID} ${attempt}\n`);
});

const server = createServer(receiver);
server.keepAliveTimeout = 0;
await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));

let mostRss = 0;
const watch = setInterval(() => {
  mostRss = Math.max(mostRss, process.memoryUsage.rss());
}, 100);
watch.unref();

exposeFunctions((server.address() as AddressInfo).port, {
  stats: () => receiver.stats(),
  /** What stays resident when it has been collected a few times: V8 gives pages back bit by bit. */
  memory: async () => {
    let rss = Number.POSITIVE_INFINITY;
    for (let i = 0; i < 5; i++) {
      globalThis.gc?.();
      await new Promise((resolve) => setTimeout(resolve, 200));
      rss = Math.min(rss, process.memoryUsage.rss());
    }
    return { rss, mostRss: Math.max(mostRss, rss) };
  },
  /** What is left alive once the receiver and the server are closed. */
  close: async () => {
    await receiver.close();
    clearInterval(watch);
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await new Promise((resolve) => setTimeout(resolve, 50)); // handles are let go a moment after they are closed
    return process.getActiveResourcesInfo();
  },
});
