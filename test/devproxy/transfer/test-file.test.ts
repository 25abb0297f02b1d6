import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { airudder, type PushType } from "airudder-webhooks";
import { samplePush } from "airudder-webhooks/testing";
import express from "express";
import { run, send, startProxy } from "../../helpers/devproxy.js";
import { KEY } from "../../helpers/push.js";

const root = fileURLToPath(new URL("../../..", import.meta.url));

/** A folder inside the repository, so that the exported test finds the packages. */
function workFolder(t: TestContext): string {
  mkdirSync(join(root, "coverage"), { recursive: true });
  const folder = mkdtempSync(join(root, "coverage/export-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  mkdirSync(join(folder, "src"));
  mkdirSync(join(folder, "test"));
  return folder;
}

const handlers = `
  .on("call.completed", async ({ payload }) => {
    for (const { CalleeNumber, CallStartTime } of payload.Details) {
      if (!/^\\+\\d{8,15}$/.test(CalleeNumber)) throw new Error("not a phone number");
      if (Number.isNaN(Date.parse(CallStartTime))) throw new Error("not a time");
    }
  })
  .on("dialer.agent", async ({ payload }) => {
    const { State } = "pds" in payload ? payload.pds.body : payload.body;
    if (State !== "HANGUP") throw new Error("unknown state");
  })
  .on("chatbot.session.ended", async () => {});
`;

/** The ways to write an app: its module, and the handler that it exports. */
const apps: Record<string, string> = {
  "an Express app with an inbox, as default": `
import express from "express";
import { airudder, fileInbox } from "airudder-webhooks";
export const receiver = airudder({ key: process.env.AIRUDDER_KEY, token: "t0ken", inbox: fileInbox("INBOX"), warnings: false })${handlers};
const app = express();
app.use("/webhooks/airudder", receiver);
export default app;
`,
  "an Express app with an inbox that it does not export": `
import express from "express";
import { airudder, fileInbox } from "airudder-webhooks";
const receiver = airudder({ key: process.env.AIRUDDER_KEY, token: "t0ken", inbox: fileInbox("INBOX"), warnings: false })${handlers};
export const app = express().use("/webhooks/airudder", receiver);
`,
  "a receiver": `
import { airudder } from "airudder-webhooks";
export const receiver = airudder({ key: process.env.AIRUDDER_KEY, token: "t0ken", warnings: false })${handlers};
`,
  "a handler called app": `
import type { IncomingMessage, ServerResponse } from "node:http";
import { airudder } from "airudder-webhooks";
const receiver = airudder({ key: process.env.AIRUDDER_KEY, token: "t0ken", warnings: false })${handlers};
export const app = (request: IncomingMessage, response: ServerResponse) => receiver(request, response);
`,
};

/** Records pushes that an app handled, ignored and quarantined. */
async function record(t: TestContext): Promise<string> {
  const receiver = airudder({ key: KEY, warnings: false });
  for (const type of ["call.completed", "dialer.agent", "chatbot.session.ended"] as const) receiver.on(type, () => {});
  const server = createServer(express().use("/webhooks/airudder", receiver) as RequestListener).listen(0, "127.0.0.1");
  t.after(() => server.close());
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const { proxy, dir } = await startProxy(t, { target: `http://127.0.0.1:${port}/webhooks/airudder`, key: KEY });
  const types: PushType[] = ["call.completed", "dialer.agent", "chatbot.session.ended", "workflow.status"];
  for (const type of types) await send(proxy.localUrl, JSON.stringify(samplePush(type, {}, { key: KEY, seed: 1 })));
  await send(proxy.localUrl, '{"TaskID":"1","Sign":"x"}'); // rejected: wrong signature
  await send(proxy.localUrl, '{"workflow_id":"1","actions":1}');
  await send(proxy.localUrl, "[1]");
  await proxy.close();
  return dir;
}

async function exec(args: readonly string[], cwd: string, env: NodeJS.ProcessEnv = {}) {
  const child = spawn(process.execPath, args, {
    cwd,
    env: {
      ...process.env,
      NODE_TEST_CONTEXT: undefined,
      NODE_ENV: undefined,
      TSX_TSCONFIG_PATH: join(root, "tsconfig.json"),
      ...env,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let out = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (chunk) => {
      out += chunk;
    });
  const [code] = await once(child, "close");
  return { code, out };
}

for (const [what, code] of Object.entries(apps)) {
  test(`an exported test passes for the app, and fails when its handler is broken: ${what}`, async (t) => {
    const journal = await record(t);
    const folder = workFolder(t);
    const app = join(folder, "src", "app.ts");
    const file = join(folder, "test", "pushes.test.ts");
    const source = code.replace("INBOX", join(folder, "inbox").replaceAll("\\", "/"));
    writeFileSync(app, source);
    const ids = ["1..4", "7"];
    const { code: exit, err } = await run([
      "export",
      ...ids,
      "--as",
      "test",
      "--app",
      app,
      "--out",
      file,
      "--journal",
      journal,
    ]);
    assert.equal(exit, 0, err);
    assert.match(err, /^1 left out, because the body is not a JSON object, or is nested too deeply: #7$/m);
    assert.match(err, /^exported 4 pushes to /m);
    assert.match(readFileSync(file, "utf8"), /from "\.\.\/src\/app\.js";/);
    const env = { AIRUDDER_KEY: KEY, AIRUDDER_TOKEN: "t0ken" };
    const args = ["--import", "tsx", "--test", "--test-reporter=tap", file];
    const green = await exec(args, folder, env);
    assert.equal(green.code, 0, green.out);
    assert.match(green.out, /^# pass 4$/m);
    writeFileSync(app, source.replace("!/^\\+", "/^\\+"));
    const red = await exec(args, folder, env);
    assert.equal(red.code, 1, red.out);
    assert.match(red.out, /^# pass 3\n# fail 1$/m);
    assert.match(red.out, /not a phone number/);
  });
}

test("an exported test imports an app whose path contains characters of a URL", async (t) => {
  const journal = await record(t);
  const folder = workFolder(t);
  const source = apps["a receiver"] as string;
  for (const name of ["a#b%20c.mjs", ".hidden/a b.mjs", ".mjs", "é?.mjs", "../%41/x.mjs"]) {
    if (name.includes("?") && process.platform === "win32") continue;
    const app = join(folder, "src", name);
    mkdirSync(dirname(app), { recursive: true });
    writeFileSync(app, source);
    const file = join(folder, "src", "pushes.test.ts");
    const { code, err } = await run(["export", "1", "--as", "test", "--app", app, "--out", file, "--journal", journal]);
    assert.equal(code, 0, err);
    const specifier = /import \* as app from (".*");/.exec(readFileSync(file, "utf8"))?.[1];
    const check = join(folder, "src", "check.mjs");
    writeFileSync(check, `import * as app from ${specifier}; if (!app.receiver) throw new Error("no receiver");`);
    const checked = await exec([check], folder, { AIRUDDER_KEY: KEY });
    assert.equal(checked.code, 0, `${name}: ${checked.out}`);
  }
});

test("an exported test expects the results that the app reported: quarantined, ignored and handled", async (t) => {
  const journal = await record(t);
  const folder = workFolder(t);
  writeFileSync(join(folder, "src", "app.ts"), apps["a receiver"] as string);
  const { out } = await run(["export", "--as", "test", "--app", join(folder, "src/app.ts"), "--journal", journal]);
  const expected = [...out.matchAll(/"name": "(#\d+ [\w.]+)",[^{]*?"result": "(\w+)"/g)].map(([, ...one]) => one);
  assert.deepEqual(expected, [
    ["#1 call.completed", "handled"],
    ["#2 dialer.agent", "handled"],
    ["#3 chatbot.session.ended", "handled"],
    ["#4 workflow.status", "ignored"],
    ["#5 call.completed", "handled"],
    ["#6 unknown", "quarantined"],
  ]);
});

test("exported test files compile with the strictest options, for node:test and vitest", async (t) => {
  const journal = await record(t);
  const folder = workFolder(t);
  const app = join(folder, "src", "app.ts");
  writeFileSync(app, apps["an Express app with an inbox, as default"] as string);
  for (const runner of ["node", "vitest"]) {
    const out = join(folder, "test", `${runner}.test.ts`);
    const { code, err } = await run([
      "export",
      "--as",
      "test",
      "--runner",
      runner,
      "--app",
      app,
      "--out",
      out,
      "--journal",
      journal,
    ]);
    assert.equal(code, 0, err);
    const text = readFileSync(out, "utf8");
    assert.equal(text.includes('from "vitest"'), runner === "vitest");
    assert.equal(text.includes('from "node:test"'), runner === "node");
  }
  // Stands in for vitest, which is not a dependency.
  writeFileSync(
    join(folder, "vitest.d.ts"),
    `declare module "vitest" {
  type Run = () => unknown;
  export function test(name: string, run: Run): void;
  export function beforeAll(run: Run): void;
  export function afterAll(run: Run): void;
}\n`,
  );
  const include = ["**/*.ts", join(root, "devproxy/src/**/*.d.ts")];
  const compilerOptions = { noPropertyAccessFromIndexSignature: false, noImplicitReturns: true };
  writeFileSync(
    join(folder, "tsconfig.json"),
    JSON.stringify({ extends: join(root, "tsconfig.json"), include, compilerOptions }),
  );
  const { code, out } = await exec([join(root, "node_modules/typescript/bin/tsc"), "-p", folder], folder);
  assert.equal(code, 0, out);
});
