/**
 * Shows each step of a push on this machine, with real parts and without the Internet: `npm run demo`. In a terminal it pauses for the
 * reader, and runs until Ctrl+C. Without a terminal, or with `npm run demo -- --once`, it ends after the last step. It exits with 1 if a
 * step failed.
 */
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { createLocaltunnelServer } from "../test/helpers/localtunnel-server-create.js";
import { createSampleApp } from "./demo/app.js";
import { check, end, endsByHand, folder, isWatched, paint, pause, say } from "./demo/stage.js";
import { runTool } from "./demo/tool.js";
import { anotherCall, documentedPushes, postAsVendor, type VendorPush } from "./demo/vendor.js";

const KEY = "demo-key";
const flags = process.argv.slice(2);
const once = flags.includes("--once") || !isWatched;
if (flags.some((flag) => flag !== "--once")) {
  console.error("Usage: npm run demo [-- --once]");
  await end(2);
}

const journal = ["--journal", join(folder, "journal")];

const part = (name: string, colour: number) => (line: string) => say(`  ${paint(colour, name.padEnd(6))} ${line}`);

async function chapter(title: string): Promise<void> {
  await pause();
  say(`\n${paint(1, title)}`);
  await pause(8);
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

async function tool(...args: string[]): Promise<number> {
  await pause(4);
  const typed = args.map((arg) => (/^[\w./:=-]+$/.test(arg) ? arg : `'${arg}'`)).join(" ");
  say(`  ${paint(36, `$ npx airudder-devproxy ${typed}`)}`);
  return runTool([...args, ...journal], (line) => say(`    ${line}`)).exit;
}

async function push(url: string, vendorPush: VendorPush, expected: number): Promise<void> {
  await pause(4);
  const status = await postAsVendor(url, vendorPush);
  part("vendor", 35)(`POST ${vendorPush.type}: response ${status}`);
  await check(`the response to ${vendorPush.type} was ${status} instead of ${expected}`, status === expected);
}

await chapter("1. The parts: a tunnel server, an Express app with airudder-webhooks, and the dev proxy");
const tunnelPort = await listen(createLocaltunnelServer());
const app = createSampleApp(KEY, part("app", 32));
const target = `http://127.0.0.1:${await listen(app.server)}/webhooks/airudder`;
say(
  `  ${paint(36, `$ npx airudder-devproxy listen --target ${target} --key ${KEY} --tunnel-host http://localhost:${tunnelPort}`)}`,
);
const listening = [
  "listen",
  "--target",
  target,
  "--key",
  KEY,
  "--tunnel-host",
  `http://localhost:${tunnelPort}`,
  ...journal,
];
let publicUrl = "";
let tell = (): void => undefined;
const found = new Promise<void>((resolve) => {
  tell = resolve;
});
const proxy = runTool(listening, (line) => {
  part("proxy", 34)(line);
  publicUrl ||= /http:\/\/\S+\.localhost\S*/.exec(line)?.[0] ?? "";
  if (publicUrl !== "") tell();
});
await Promise.race([found, proxy.exit, new Promise((resolve) => setTimeout(resolve, 20_000).unref())]);
await check("the dev proxy printed no public URL within 20 s", publicUrl !== "");

await chapter("2. Airudder pushes to the public URL: through the tunnel, into the journal, to the app's handlers");
const pushes = documentedPushes(KEY);
for (const each of pushes) await push(publicUrl, each, 200);
await check(`the app handled ${app.handled.length} of ${pushes.length} pushes`, app.handled.length === pushes.length);
await check(
  "the app received other bytes than were sent",
  app.handled.every(({ raw }, i) => raw.toString() === pushes[i]?.body),
);

await chapter("3. Every push is recorded; list and show redact personal data");
await check("list failed", (await tool("list")) === 0);
await check("show failed", (await tool("show", "#3")) === 0);

await chapter("4. The app's handler is broken, and a push fails");
app.setBroken(true);
const call = pushes.find(({ type }) => type === "call.completed") as VendorPush;
await push(publicUrl, anotherCall(call, KEY), 500);
await check("list --status failed failed", (await tool("list", "--status", "failed")) === 0);
await check(
  "a replay to the broken app must not meet --expect",
  (await tool("replay", "--status", "failed", "--expect", "2xx")) === 1,
);

await chapter("5. The handler is fixed, and the push is replayed: no need to wait for a call");
app.setBroken(false);
await check(
  "a replay to the fixed app must meet --expect",
  (await tool("replay", "--status", "failed", "--expect", "2xx")) === 0,
);
await check("the app did not handle the replay", app.handled.at(-1)?.replay !== undefined);

if (once) {
  say("\nEvery step succeeded.");
  await end(0);
}
await chapter("The demo keeps running: try these commands in another terminal, and end it with Ctrl+C");
endsByHand();
say(`  npx airudder-devproxy list ${journal.join(" ")}`);
say(`  npx airudder-devproxy replay --last 1 ${journal.join(" ")}`);
say(`  npx airudder-devproxy replay '#1' --set 'Details[0].Status=failed' --key ${KEY} ${journal.join(" ")}`);
