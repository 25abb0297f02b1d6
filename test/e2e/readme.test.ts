import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { airudder, fileInbox } from "airudder-webhooks";
import { freePort } from "../helpers/free-port.js";
import { makePool, postgresTest, startPostgres } from "../helpers/postgres.js";
import { callCompleted, KEY, post, sample, webRequest } from "../helpers/push.js";
import { redisTest, startRedis } from "../helpers/redis.js";
import { until } from "../helpers/until.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const GUIDES = ["README.md", "middleware/README.md", "devproxy/README.md"] as const;
type Guide = (typeof GUIDES)[number];

function textOf(file: string): string {
  return readFileSync(join(root, file), "utf8");
}

function snippetsOf(guide: Guide): string[] {
  return [...textOf(guide).matchAll(/```ts\n([\s\S]*?)```/g)].map(([, code]) => code as string);
}

/** The only snippet of a guide that contains a text. */
function snippetWith(guide: Guide, text: string): string {
  const found = snippetsOf(guide).filter((code) => code.includes(text));
  assert.equal(found.length, 1, `snippets of ${guide} that contain ${text}`);
  return found[0] as string;
}

/** A folder inside the repository, so that imports find the packages. Outside of node_modules, so that they find the sources, not the build. */
function workFolder(t: TestContext): string {
  mkdirSync(join(root, "coverage"), { recursive: true });
  const folder = mkdtempSync(join(root, "coverage/readme-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  return folder;
}

test("every TypeScript snippet of the READMEs compiles", (t) => {
  const folder = workFolder(t);
  for (const guide of GUIDES) {
    const snippets = snippetsOf(guide);
    assert.ok(snippets.length > 0, guide);
    snippets.forEach((code, i) => {
      writeFileSync(join(folder, `${guide.replace(/\W/g, "-")}-${i}.ts`), `${code}\nexport {};\n`);
    });
  }
  writeFileSync(
    join(folder, "tsconfig.json"),
    JSON.stringify({
      extends: join(root, "tsconfig.json"),
      include: ["*.ts", join(root, "devproxy/src/**/*.d.ts")], // the dev proxy declares types of packages without their own
    }),
  );
  const { status, stdout } = spawnSync(
    process.execPath,
    [join(root, "node_modules/typescript/bin/tsc"), "-p", folder],
    { encoding: "utf8" },
  );
  assert.equal(status, 0, stdout);
});

/** Runs a snippet as a program to its end, and returns its output. */
function runSnippet(folder: string, code: string, env: NodeJS.ProcessEnv = {}): string {
  const file = join(folder, "snippet.ts");
  writeFileSync(file, code);
  const { status, stdout, stderr } = spawnSync(process.execPath, ["--import", "tsx", file], {
    cwd: folder,
    env: { ...process.env, NODE_TEST_CONTEXT: undefined, ...env, TSX_TSCONFIG_PATH: join(root, "tsconfig.json") },
    encoding: "utf8",
  });
  assert.equal(status, 0, stderr);
  return stdout;
}

/** Starts a snippet that is an app, and waits until it responds. */
async function startApp(
  t: TestContext,
  { folder, port, code, env: extra = {} }: { folder: string; port: number; code: string; env?: NodeJS.ProcessEnv },
): Promise<{ child: ChildProcess; out: () => string }> {
  const file = join(folder, "app.ts");
  writeFileSync(file, code);
  const env = {
    ...process.env,
    PORT: String(port),
    AIRUDDER_KEY: KEY,
    AIRUDDER_TOKEN: "t0ken",
    ...extra,
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

for (const guide of ["README.md", "middleware/README.md"] as const) {
  test(`the first snippet of ${guide} is an app that handles a push`, async (t) => {
    const [code = ""] = snippetsOf(guide);
    const port = await freePort();
    const app = await startApp(t, { folder: workFolder(t), port, code });
    assert.equal((await post(`http://127.0.0.1:${port}/webhooks/airudder?token=t0ken`, callCompleted())).status, 200);
    await until(() => app.out().includes(" finished "));
  });
}

test("the app with an inbox in middleware/README.md handles a push, and SIGTERM loses nothing (signals: not on Windows)", {
  skip: process.platform === "win32",
}, async (t) => {
  const folder = workFolder(t);
  const port = await freePort();
  const url = `http://127.0.0.1:${port}/webhooks/airudder`;
  const code = snippetWith("middleware/README.md", 'process.once("SIGTERM"');
  const first = await startApp(t, { folder, port, code });
  assert.equal((await post(url, callCompleted())).status, 401);
  assert.equal((await post(`${url}?token=t0ken`, callCompleted())).status, 200);
  await until(() => first.out().includes("call.completed"));
  const tasks = Array.from({ length: 50 }, (_, i) => `task${i}`);
  const responses = Promise.all(
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
  const acknowledged = (await responses).flatMap((status, i) => (status === 200 ? [tasks[i] as string] : []));
  const [exit] = first.child.exitCode === null ? await once(first.child, "close") : [first.child.exitCode];
  assert.equal(exit, 0);
  const second = await startApp(t, { folder, port, code });
  const missing = (): string[] =>
    acknowledged.filter((task) => !`${first.out()}\n${second.out()}`.includes(`${task} finished`));
  await until(() => missing().length === 0);
});

postgresTest(
  "the app with Postgres in middleware/README.md writes the calls of a push in two processes, once",
  async (t) => {
    const { url } = await startPostgres(t);
    const pool = makePool(t, { connectionString: url });
    await pool.query("create table calls (id text, status text)");
    const code = snippetWith("middleware/README.md", "postgresInbox({ pool })");
    const folder = workFolder(t);
    const ports = [await freePort(), await freePort()];
    await Promise.all(ports.map((port) => startApp(t, { folder, port, code, env: { DATABASE_URL: url } })));
    const payload = callCompleted();
    const responses = await Promise.all(
      ports.map((port) => post(`http://127.0.0.1:${port}/webhooks/airudder?token=t0ken`, payload)),
    );
    assert.deepEqual(
      responses.map(({ status }) => status),
      [200, 200],
    );
    const calls = async (): Promise<string[]> =>
      (await pool.query<{ id: string }>("select id from calls")).rows.map(({ id }) => id);
    await until(async () => (await calls()).length > 0);
    assert.deepEqual(
      await calls(),
      (payload.Details as { CallID: string }[]).map(({ CallID }) => CallID),
    );
  },
);

redisTest(
  "the app with BullMQ in middleware/README.md keeps the newest state, whatever the order of arrival",
  async (t) => {
    const redis = await startRedis(t);
    const port = await freePort();
    const code = snippetWith("middleware/README.md", "bullmqInbox({");
    const app = await startApp(t, { folder: workFolder(t), port, code, env: { REDIS_URL: redis.url } });
    const { pds, ...rest } = sample("dialer.contact/busy-reconstructed.json") as { pds: { body: object } };
    const [newer, older] = [
      { state: "HANGUP", timestamp: 1_700_000_002_000 },
      { state: "RINGING", timestamp: 1_700_000_001_000 },
    ];
    for (const change of [newer, older]) {
      const push = { ...rest, pds: { ...pds, body: { ...pds.body, callid: "call-1", ...change } } };
      assert.equal((await post(`http://127.0.0.1:${port}/webhooks/airudder?token=t0ken`, push)).status, 200);
    }
    await until(() => /^call-1 \w+\ncall-1 HANGUP\n$/.test(app.out()));
  },
);

test("the script in middleware/README.md retries 40 dead pushes: all are handled, none stays dead", async (t) => {
  const folder = workFolder(t);
  const inbox = fileInbox(join(folder, "airudder-inbox"), { retries: 0 });
  const app = airudder({ key: KEY, warnings: false, inbox }).on("call.completed", () => {
    throw new Error("broken");
  });
  const tasks = Array.from({ length: 40 }, (_, i) => `task-${i}`);
  for (const TaskID of tasks) assert.equal((await app.fetch(webRequest(callCompleted({ TaskID })))).status, 200);
  await until(async () => (await app.dead()).length === 40);
  await app.close();
  const stdout = runSnippet(folder, snippetWith("middleware/README.md", "receiver.retry(id)"), { AIRUDDER_KEY: KEY });
  const saved = [...stdout.matchAll(/^saved (.*)$/gm)].map(([, task]) => task);
  assert.deepEqual(saved.sort(), tasks.sort());
  const after = airudder({ key: KEY, warnings: false, inbox: fileInbox(join(folder, "airudder-inbox")) });
  t.after(() => after.close());
  assert.deepEqual(await after.dead(), []);
});

test("the snippet about tests in middleware/README.md prints the status of the push and the response", (t) => {
  const stdout = runSnippet(workFolder(t), snippetWith("middleware/README.md", "samplePush("));
  assert.equal(stdout, "failed\n200\n");
});

test("the inbox in middleware/README.md follows every rule of the conformance suite", (t) => {
  const stdout = runSnippet(workFolder(t), snippetWith("middleware/README.md", "inboxConformance({ make, crash })"));
  assert.match(stdout, /^(?:#|ℹ) pass [1-9]/m);
  assert.match(stdout, /^(?:#|ℹ) fail 0$/m);
});

test("the drill in middleware/README.md passes", (t) => {
  const stdout = runSnippet(workFolder(t), snippetWith("middleware/README.md", "drillCases(options)"));
  assert.match(stdout, /^(?:#|ℹ) pass [1-9]/m);
  assert.match(stdout, /^(?:#|ℹ) fail 0$/m);
});

test("the snippet in devproxy/README.md starts a dev proxy, which SIGINT ends (signals: not on Windows)", {
  skip: process.platform === "win32",
}, async (t) => {
  const folder = workFolder(t);
  const file = join(folder, "start.ts");
  writeFileSync(file, snippetWith("devproxy/README.md", "startDevproxy"));
  const child = spawn(process.execPath, ["--import", "tsx", file], {
    cwd: folder,
    env: { ...process.env, TSX_TSCONFIG_PATH: join(root, "tsconfig.json") },
    stdio: ["ignore", "pipe", "inherit"],
  });
  t.after(() => child.kill("SIGKILL"));
  let out = "";
  child.stdout.on("data", (chunk) => {
    out += chunk;
  });
  await until(() => /^http:\/\/127\.0\.0\.1:\d+\/in\/\S+$/m.test(out), 30_000);
  const closed = once(child, "close");
  child.kill("SIGINT");
  assert.deepEqual(await closed, [0, null]);
});

test("the line for morgan in middleware/README.md redacts the token in a query and in a path", () => {
  const [, line = ""] = /- morgan: `(.*)`/.exec(textOf("middleware/README.md")) ?? [];
  const tokens = new Map<string, (request: { originalUrl: string }) => string>();
  new Function("morgan", line)({ token: (name: string, read: never) => tokens.set(name, read) });
  const url = (originalUrl: string) => tokens.get("url")?.({ originalUrl });
  assert.equal(url("/webhooks/airudder?a=1&token=s3%20cret&b=2"), "/webhooks/airudder?a=1&token=redacted&b=2");
  assert.equal(url("/webhooks/airudder/t/s3cret?b=2"), "/webhooks/airudder/t/redacted?b=2");
});

test("the table of error responses in middleware/README.md lists every code with its status", () => {
  const documented = [...textOf("middleware/README.md").matchAll(/^\| (\d{3}) +\| (`[^|]*`) +\|/gm)].flatMap(
    ([, status, codes = ""]) => [...codes.matchAll(/`(\w+)`/g)].map(([, code]) => `${status} ${code}`),
  );
  const neverSent = ["invalid_option", "no_handler"];
  const sent = [...textOf("middleware/src/errors.ts").matchAll(/^ {2}(\w+): (\d{3}),$/gm)].flatMap(
    ([, code, status]) => (neverSent.includes(code as string) ? [] : [`${status} ${code}`]),
  );
  assert.deepEqual(documented.sort(), sent.sort());
});

/** The link targets of a Markdown text, without those in code. */
function linksOf(text: string): string[] {
  const prose = text.replace(/```[\s\S]*?```|`[^`\n]*`/g, "");
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target as string);
}

/** The anchors of a Markdown text's headings, as GitHub and npm make them. */
function anchorsOf(text: string): string[] {
  const headings = text.replace(/```[\s\S]*?```/g, "").matchAll(/^#+ (.*)$/gm);
  return [...headings].map(
    ([, heading = ""]) =>
      `#${heading
        .toLowerCase()
        .replace(/[^\w -]/g, "")
        .replaceAll(" ", "-")}`,
  );
}

for (const file of [...GUIDES, "scripts/README.md", "schemas/README.md", "schemas/pages/README.md"]) {
  test(`every link of ${file} has a target that exists`, () => {
    const broken = linksOf(textOf(file)).filter((target) => {
      if (target.startsWith("https:")) return false;
      const [path = "", anchor] = target.split("#");
      const linked = path === "" ? file : join(dirname(file), path);
      if (!existsSync(join(root, linked))) return true;
      return anchor !== undefined && !anchorsOf(textOf(linked)).includes(`#${anchor}`);
    });
    assert.deepEqual(broken, []);
  });
}

test("every npm command of the READMEs exists", () => {
  const { scripts } = JSON.parse(textOf("package.json")) as { scripts: Record<string, string> };
  const commands = [...GUIDES, "scripts/README.md", "schemas/README.md"].flatMap((file) =>
    [...textOf(file).matchAll(/npm run ([\w:]+)/g)].map(([, name]) => name as string),
  );
  assert.deepEqual(
    commands.filter((name) => !(name in scripts)),
    [],
  );
});
