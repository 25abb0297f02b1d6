/** An app that handles the pushes of a queue. One of them ends its process. */
import { airudder } from "airudder-webhooks";
import { bullmqInbox } from "airudder-webhooks/bullmq";

const [url = "", queue = ""] = process.argv.slice(2);
const receiver = airudder({
  key: "k",
  token: false,
  inbox: bullmqInbox({ queue, connection: { url }, leaseMs: 300 }),
});
let running = 0;
receiver.on("dialer.agent", async ({ payload, attempt }) => {
  const task = String(payload.pds?.body.taskId);
  console.log(`start ${task} attempt ${attempt} beside ${running++}`);
  await new Promise((resolve) => setTimeout(resolve, task === "poison" ? 100 : 500));
  if (task === "poison") process.kill(process.pid, "SIGKILL");
  running--;
  console.log(`done ${task}`);
});
await receiver.ready();
