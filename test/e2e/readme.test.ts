import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { airudder, fileInbox } from "airudder-webhooks";
import { callCompleted, KEY, post, webRequest } from "../helpers/push.js";
import { until } from "../helpers/until.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const readme = readFileSync(join(root, "README.md"), "utf8");
const snippets = [...readme.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, code]) => code as string);

/** A folder inside the repository, so that packages are found; outside of node_modules, where ours would be the build. */
function workFolder(t: TestContext): string {
  mkdirSync(join(root, "coverage"), { recursive: true });
  const folder = mkdtempSync(join(root, "coverage/readme-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  return folder;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  return port;
}

test("every TypeScript snippet of the README compiles", (t) => {
  const folder = workFolder(t);
  assert.ok(snippets.length > 0);
  snippets.forEach((code, i) => {
    writeFileSync(join(folder, `snippet-${i}.ts`), `${code}\nexport {};\n`);
  });
  writeFileSync(
    join(folder, "tsconfig.json"),
    JSON.stringify({ extends: join(root, "tsconfig.json"), include: ["*.ts"] }),
  );
  const { status, stdout } = spawnSync(
    process.execPath,
    [join(root, "node_modules/typescript/bin/tsc"), "-p", folder],
    { encoding: "utf8" },
  );
  assert.equal(status, 0, stdout);
});

/** The README's sample app, in a folder of its own. */
async function startSample(
  t: TestContext,
  folder: string,
  port: number,
): Promise<{ child: ChildProcess; out: () => string }> {
  const file = join(folder, "app.ts");
  writeFileSync(file, snippets.find((code) => code.includes('app.use("/webhooks/airudder", receiver)')) as string);
  const env = {
    ...process.env,
    PORT: String(port),
    AIRUDDER_KEY: KEY,
    AIRUDDER_TOKEN: "t0ken",
    TSX_TSCONFIG_PATH: join(root, "tsconfig.json"),
  };
  const child = spawn(process.execPath, ["--import", "tsx", file], {
    cwd: folder,
    env,
    stdio: ["ignore", "pipe", "inherit"],
  });
  t.after(() => child.kill("SIGKILL"));
  let text = "";
  child.stdout.on("data", (chunk) => {
    text += chunk;
  });
  const url = `http://127.0.0.1:${port}/`;
  await until(
    () =>
      fetch(url).then(
        () => true,
        () => false,
      ),
    30_000,
  );
  return { child, out: () => text };
}

test("the README's sample app takes a push, and SIGTERM loses nothing (signals: not on Windows)", {
  skip: process.platform === "win32",
}, async (t) => {
  const folder = workFolder(t);
  const port = await freePort();
  const url = `http://127.0.0.1:${port}/webhooks/airudder`;
  const first = await startSample(t, folder, port);
  assert.equal((await post(url, callCompleted())).status, 401);
  assert.equal((await post(`${url}?token=t0ken`, callCompleted())).status, 200);
  await until(() => first.out().includes("call.completed"));
  const tasks = Array.from({ length: 50 }, (_, i) => `task${i}`);
  const answers = Promise.all(
    tasks.map((TaskID) =>
      post(
        `${url}?token=t0ken`,
        callCompleted({ TaskID, Details: [{ ...(callCompleted().Details as object[])[0], CallID: TaskID }] }),
      ).then(
        ({ status }) => status,
        () => 0,
      ),
    ),
  );
  first.child.kill("SIGTERM");
  const acknowledged = (await answers).flatMap((status, i) => (status === 200 ? [tasks[i] as string] : []));
  const [code] = first.child.exitCode === null ? await once(first.child, "close") : [first.child.exitCode];
  assert.equal(code, 0);
  const second = await startSample(t, folder, port);
  const missing = (): string[] =>
    acknowledged.filter((task) => !`${first.out()}\n${second.out()}`.includes(`${task} finished`));
  await until(() => missing().length === 0);
});

test("the README's operate script retries 40 failed pushes with its handlers: all are handled, none is left dead", async (t) => {
  const folder = workFolder(t);
  const inbox = fileInbox(join(folder, "airudder-inbox"), { retries: 0 });
  const app = airudder({ key: KEY, warnings: false, inbox }).on("call.completed", () => {
    throw new Error("broken");
  });
  const tasks = Array.from({ length: 40 }, (_, i) => `task-${i}`);
  for (const TaskID of tasks) assert.equal((await app.fetch(webRequest(callCompleted({ TaskID })))).status, 200);
  await until(async () => (await app.dead()).length === 40);
  await app.close();
  const file = join(folder, "operate.ts");
  writeFileSync(file, snippets.find((code) => code.includes("receiver.retry(id)")) as string);
  const env = { ...process.env, AIRUDDER_KEY: KEY, TSX_TSCONFIG_PATH: join(root, "tsconfig.json") };
  const options = { cwd: folder, env, encoding: "utf8" } as const;
  const { status, stdout, stderr } = spawnSync(process.execPath, ["--import", "tsx", file], options);
  assert.equal(status, 0, stderr);
  const saved = [...stdout.matchAll(/^saved (.*)$/gm)].map(([, task]) => task);
  assert.deepEqual(saved.sort(), tasks.sort());
  const after = airudder({ key: KEY, warnings: false, inbox: fileInbox(join(folder, "airudder-inbox")) });
  t.after(() => after.close());
  assert.deepEqual(await after.dead(), []);
});

test("the README's line for morgan redacts the token in a query and in a path", () => {
  const [, line = ""] = /- morgan: `(.*)`/.exec(readme) ?? [];
  const tokens = new Map<string, (request: { originalUrl: string }) => string>();
  new Function("morgan", line)({ token: (name: string, read: never) => tokens.set(name, read) });
  const url = (originalUrl: string) => tokens.get("url")?.({ originalUrl });
  assert.equal(url("/webhooks/airudder?a=1&token=s3%20cret&b=2"), "/webhooks/airudder?a=1&token=redacted&b=2");
  assert.equal(url("/webhooks/airudder/t/s3cret?b=2"), "/webhooks/airudder/t/redacted?b=2");
});
