/** An app with a file inbox. Its handler takes a short time, and appends a line to a log with one write. */
import { openSync, writeSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { airudder, fileInbox } from "airudder-webhooks";
import { exposeFunctions } from "../child-functions.js";
import { KEY } from "../load/pushes.js";

/** Arguments of the app, as JSON. */
export interface AppOptions {
  /** Folder of the inbox. */
  readonly dir: string;
  /** Log file with a line for each handled push: `processNumber time call attempt`. */
  readonly log?: string;
  /** Number of this process: how many times the app has been started, from 1. */
  readonly processNumber?: number;
  readonly port?: number;
  readonly segmentBytes?: number;
  /** Maximum duration of a handler. */
  readonly handlerMs?: number;
  /** Option of the receiver. */
  readonly bodyTimeoutMs?: number;
}

const options = JSON.parse(process.argv[2] ?? "{}") as AppOptions;
const { dir, log, processNumber = 1, port = 0, segmentBytes, handlerMs = 0, bodyTimeoutMs } = options;
const fd = log === undefined ? undefined : openSync(log, "a");
const inbox = fileInbox(dir, segmentBytes === undefined ? {} : { segmentBytes });
const receiver = airudder({ key: KEY, inbox, bodyTimeoutMs });
receiver.on("call.completed", async ({ payload, attempt }) => {
  if (handlerMs > 0) await new Promise((resolve) => setTimeout(resolve, Math.random() * handlerMs));
  if (fd !== undefined) writeSync(fd, `${processNumber} ${Date.now()} ${payload.Details[0]?.CallID} ${attempt}\n`);
});

const server = createServer(receiver);
server.keepAliveTimeout = 0;
await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));

let maxRss = 0;
const watch = setInterval(() => {
  maxRss = Math.max(maxRss, process.memoryUsage.rss());
}, 100);
watch.unref();

exposeFunctions((server.address() as AddressInfo).port, {
  stats: () => receiver.stats(),
  /** Resident memory after several garbage collections: V8 does not return all pages at once. */
  memory: async () => {
    let rss = Number.POSITIVE_INFINITY;
    for (let i = 0; i < 5; i++) {
      globalThis.gc?.();
      await new Promise((resolve) => setTimeout(resolve, 200));
      rss = Math.min(rss, process.memoryUsage.rss());
    }
    return { rss, maxRss: Math.max(maxRss, rss) };
  },
  /** Closes the receiver and the server. Returns the resources that are still active. */
  close: async () => {
    await receiver.close();
    clearInterval(watch);
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await new Promise((resolve) => setTimeout(resolve, 50)); // handles are released shortly after they are closed
    return process.getActiveResourcesInfo();
  },
});
