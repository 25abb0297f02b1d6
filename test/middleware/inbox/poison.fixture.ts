/** An app whose handler of one push ends the process. The test restarts it each time. */
import { appendFileSync } from "node:fs";
import { airudder, fileInbox, type Handler, type PushFor } from "airudder-webhooks";

const [dir = "", log = "", count = "0", mode = ""] = process.argv.slice(2);
const note = (text: string): void => appendFileSync(log, `${text}\n`);

const receiver = airudder({
  key: "k",
  token: false,
  warnings: false,
  inbox: fileInbox(dir, { retries: 2, retryMs: 200 }),
});
let running = 0;
let release = (): void => undefined;
/** All pushes are stored before the first is handled. */
const stored = new Promise<void>((resolve) => {
  release = resolve;
});
const handle: Handler<PushFor<"dialer.contact">> = async ({ payload, attempt }) => {
  const { callid } = (payload as unknown as { body: { callid: string } }).body;
  note(`start ${callid} attempt ${attempt} beside ${running}`);
  running++;
  await stored;
  await new Promise((resolve) => setTimeout(resolve, Number(process.env.HANDLER_MS ?? 20)));
  if (callid === "poison") {
    setImmediate(() => {
      note(`crash beside ${running - 1}`);
      throw new Error("outside of the handler's promise");
    });
    await new Promise(() => undefined);
  }
  running--;
  note(`done ${callid}`);
};
const register = (): void => void receiver.on("dialer.contact", handle);

// Many apps close in an orderly way when something unexpected is thrown.
if (mode === "close") {
  process.on("uncaughtException", async (error) => {
    console.error(error.message);
    await receiver.close({ timeoutMs: 50 });
    process.exit(1);
  });
}
if (mode === "late") {
  void receiver.ready().then(() => setTimeout(register, 200));
} else register();

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
release();
await receiver.ready();
// The app fails shortly after its start, whatever it handles.
if (mode === "start") setTimeout(() => process.exit(1), 50);
while (receiver.stats().inbox?.queued !== 0) await new Promise((resolve) => setTimeout(resolve, 20));
const dead = await receiver.dead();
note(`dead ${dead.length} ${dead[0]?.attempts} ${dead[0]?.error}`);
await receiver.close();
