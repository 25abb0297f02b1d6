/**
 * Shows each step of a push on this machine: `npm run demo`. Uses both packages, a local tunnel server and a simulated Airudder, without the
 * Internet. In a terminal, it pauses between steps and runs until Ctrl+C. Without a terminal, or with `npm run demo -- --once`, it ends after
 * the last step. It exits with 1 if a step failed.
 */
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { createLocaltunnelServer } from "../test/helpers/localtunnel-server-create.js";
import { type DemoPush, documentedPushes, postAsAirudder, withAnotherTask } from "./demo/airudder.js";
import { createSampleApp } from "./demo/app.js";
import { runCli } from "./demo/cli.js";
import { check, end, folder, isInteractive, paint, pause, print, runUntilInterrupted } from "./demo/session.js";

const KEY = "demo-key";
const flags = process.argv.slice(2);
const once = flags.includes("--once") || !isInteractive;
if (flags.some((flag) => flag !== "--once")) {
  console.error("Usage: npm run demo [-- --once]");
  await end(2);
}

const journal = ["--journal", join(folder, "journal")];

const part = (name: string, colour: number) => (line: string) => print(`  ${paint(colour, name.padEnd(8))} ${line}`);

async function step(title: string): Promise<void> {
  await pause();
  print(`\n${paint(1, title)}`);
  await pause(8);
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

async function cli(...args: string[]): Promise<number> {
  await pause(4);
  const typed = args.map((arg) => (/^[\w./:=-]+$/.test(arg) ? arg : `'${arg}'`)).join(" ");
  print(`  ${paint(36, `$ npx airudder-devproxy ${typed}`)}`);
  return runCli([...args, ...journal], (line) => print(`    ${line}`)).exit;
}

async function push(url: string, demoPush: DemoPush, expected: number): Promise<void> {
  await pause(4);
  const status = await postAsAirudder(url, demoPush);
  part("airudder", 35)(`POST ${demoPush.type}: response ${status}`);
  await check(`the response to ${demoPush.type} was ${status} instead of ${expected}`, status === expected);
}

await step("1. The parts: a tunnel server, an Express app with airudder-webhooks, and the dev proxy");
const tunnelPort = await listen(createLocaltunnelServer());
const app = createSampleApp(KEY, part("app", 32));
const target = `http://127.0.0.1:${await listen(app.server)}/webhooks/airudder`;
print(
  `  ${paint(36, `$ npx airudder-devproxy listen --target ${target} --key ${KEY} --tunnel-host http://localhost:${tunnelPort}`)}`,
);
const listenArgs = [
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
let onPublicUrl = (): void => undefined;
const hasPublicUrl = new Promise<void>((resolve) => {
  onPublicUrl = resolve;
});
const proxy = runCli(listenArgs, (line) => {
  part("proxy", 34)(line);
  publicUrl ||= /http:\/\/\S+\.localhost\S*/.exec(line)?.[0] ?? "";
  if (publicUrl !== "") onPublicUrl();
});
await Promise.race([hasPublicUrl, proxy.exit, new Promise((resolve) => setTimeout(resolve, 20_000).unref())]);
await check("the dev proxy printed no public URL within 20 s", publicUrl !== "");

await step("2. Airudder pushes to the public URL: through the tunnel, into the journal, to the app's handlers");
const pushes = documentedPushes(KEY);
for (const each of pushes) await push(publicUrl, each, 200);
await check(`the app handled ${app.handled.length} of ${pushes.length} pushes`, app.handled.length === pushes.length);
await check(
  "the app received bytes that differ from those sent",
  app.handled.every(({ raw }, i) => raw.toString() === pushes[i]?.body),
);

await step("3. Every push is recorded; list and show redact personal data");
await check("list failed", (await cli("list")) === 0);
await check("show failed", (await cli("show", "#3")) === 0);

await step("4. The app's handler is broken, and a push fails");
app.setBroken(true);
const call = pushes.find(({ type }) => type === "call.completed") as DemoPush;
await push(publicUrl, withAnotherTask(call, KEY), 500);
await check("list --status failed exited with an error", (await cli("list", "--status", "failed")) === 0);
await check(
  "a replay to the broken app met --expect",
  (await cli("replay", "--status", "failed", "--expect", "2xx")) === 1,
);

await step("5. The handler is fixed, and the push is replayed: no need to wait for a call");
app.setBroken(false);
await check(
  "a replay to the fixed app did not meet --expect",
  (await cli("replay", "--status", "failed", "--expect", "2xx")) === 0,
);
await check("the app did not handle the replay", app.handled.at(-1)?.replay !== undefined);

if (once) {
  print("\nEvery step succeeded.");
  await end(0);
}
await step("The demo keeps running: try these commands in another terminal, and end it with Ctrl+C");
runUntilInterrupted();
print(`  npx airudder-devproxy list ${journal.join(" ")}`);
print(`  npx airudder-devproxy replay --last 1 ${journal.join(" ")}`);
print(`  npx airudder-devproxy replay '#1' --set 'Details[0].Status=failed' --key ${KEY} ${journal.join(" ")}`);
