/** An app whose handler of one push ends the process. The test restarts it each time. */
import { appendFileSync } from "node:fs";
import { airudder, fileInbox } from "airudder-webhooks";

const [dir = "", log = "", count = "0"] = process.argv.slice(2);
const note = (text: string): void => appendFileSync(log, `${text}\n`);

const receiver = airudder({ key: "k", token: false, warnings: false, inbox: fileInbox(dir, { retries: 2 }) });
let running = 0;
receiver.on("dialer.contact", async ({ payload, attempt }) => {
  const { callid } = (payload as unknown as { body: { callid: string } }).body;
  note(`start ${callid} attempt ${attempt} beside ${running}`);
  running++;
  await new Promise((resolve) => setTimeout(resolve, 20));
  if (callid === "poison") {
    setImmediate(() => {
      note(`crash beside ${running - 1}`);
      throw new Error("outside of the handler's promise");
    });
    await new Promise(() => undefined);
  }
  running--;
  note(`done ${callid}`);
});

for (let i = 0; i < Number(count); i++) {
  const callid = i === 3 ? "poison" : `healthy-${i}`;
  const body = JSON.stringify({ type: "ContactStatus", body: { callid, state: "HANGUP", taskId: "t" } });
  const request = new Request("http://localhost/", {
    method: "POST",
    body,
    headers: { "content-type": "application/json" },
  });
  if ((await receiver.fetch(request)).status !== 200) throw new Error("not stored");
}
await receiver.ready();
while (receiver.stats().inbox?.queued !== 0) await new Promise((resolve) => setTimeout(resolve, 20));
const dead = await receiver.dead();
note(`dead ${dead.length} ${dead[0]?.attempts} ${dead[0]?.error}`);
await receiver.close();
