/**
 * An app as it runs under PM2 or `node:cluster`: several processes with one inbox folder. `mode` is one of:
 *
 * - `worker`: stores and handles
 * - `store`: only stores
 * - `work`: only handles, without a server
 * - `cluster`: a primary that starts two workers, and replaces workers that end
 */
import cluster from "node:cluster";
import { appendFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { airudder, fileInbox } from "airudder-webhooks";

const [mode = "worker", dir = "", log = "", port = "0"] = process.argv.slice(2);

function startWorker(): void {
  const receiver = airudder({ key: "k", token: false, inbox: fileInbox(dir), work: mode !== "store" });
  receiver.on("dialer.contact", async ({ payload }) => {
    const { callid, number } = (payload as unknown as { body: { callid: string; number: number } }).body;
    await new Promise((resolve) => setTimeout(resolve, 2));
    appendFileSync(log, `${process.pid} ${callid} ${number}\n`);
  });
  process.on("disconnect", () => process.exit(0));
  if (mode === "work") {
    void receiver.work().then(() => process.send?.({ port: 0 }));
    process.on("SIGINT", () => void receiver.close()); // then nothing keeps the process running
    process.channel?.unref();
    return;
  }
  const server = createServer(receiver);
  server.listen(Number(port), "127.0.0.1", () => {
    process.send?.({ port: (server.address() as AddressInfo).port });
  });
  process.on("SIGINT", () => {
    server.close();
    void receiver.close().then(() => process.exit(0));
  });
}

if (mode === "cluster" && cluster.isPrimary) {
  process.on("disconnect", () => process.exit(0));
  cluster.on("exit", () => cluster.fork());
  cluster.on("message", (_, message) => process.send?.(message));
  for (let i = 0; i < 2; i++) cluster.fork();
} else startWorker();
