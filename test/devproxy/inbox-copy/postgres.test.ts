import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { after, type TestContext, test } from "node:test";
import { airudder } from "airudder-webhooks";
import type { Inbox } from "airudder-webhooks/inbox";
import { postgresInbox } from "airudder-webhooks/postgres";
import type pg from "pg";
import { noEvents, storedPush } from "../../../middleware/src/testing/stored-push.js";
import { serve } from "../../helpers/app.js";
import { atEnd } from "../../helpers/at-end.js";
import { run, startRun } from "../../helpers/devproxy.js";
import { makeFolder } from "../../helpers/folder.js";
import { makePool, PostgresServer, postgresTest } from "../../helpers/postgres.js";
import { KEY } from "../../helpers/push.js";
import { RecorderApp } from "../../helpers/recorder-app.js";
import { fill, ODD_BODIES, PASSWORD, read } from "./production.js";

let server: Promise<PostgresServer> | undefined;
let inboxes = 0;
after(async () => (await server)?.remove());

/** An inbox in Postgres, and the URL of a role that can only read it. */
async function startInbox(
  t: TestContext,
): Promise<{ inbox: Inbox<unknown>; pool: pg.Pool; schema: string; url: string }> {
  server ??= PostgresServer.start();
  const { url } = await server;
  const pool = makePool(t, { connectionString: url });
  const schema = `inbox_${++inboxes}`;
  const inbox = postgresInbox({ pool, schema, retries: 0 });
  await inbox.migrate();
  await pool.query(`do $$ begin create role reader login password 'unused'; exception when duplicate_object then null; end $$;
    grant usage on schema ${schema} to reader; grant select on all tables in schema ${schema} to reader`);
  return { inbox, pool, schema, url: `${url.replace("test@", `reader:${PASSWORD}@`)}?schema=${schema}` };
}

postgresTest(
  "commands list, show and summarize the pushes of a postgresInbox with a role that can only read",
  async (t) => {
    const { inbox, pool, schema, url } = await startInbox(t);
    await fill(t, inbox);
    const at = ["--journal", url];
    const stored = async () => (await pool.query(`select * from ${schema}.pushes order by id`)).rows;
    const before = await stored();

    const listed = await read(t, ["list", ...at]);
    assert.equal(listed.code, 0, listed.err);
    assert.match(
      listed.out,
      /#1 .*call\.completed +handled .*\n#2 .*call\.completed +dead .*\n +TypeError: .*\n#3 .*unknown +quarantined .*\n#4 .*dialer\.agent +stored /,
    );
    assert.match(
      listed.out,
      new RegExp(`\\n4 pushes of 4, in postgres://reader@127\\.0\\.0\\.1:\\d+/postgres\\?schema=${schema}\\n$`),
    );
    assert.equal(listed.out.includes("TEST PERSON"), false);

    const json = async (...args: string[]) => (await read(t, [...args, "--json", ...at])).lines();
    const seqs = async (...args: string[]) => (await json("list", ...args)).map(({ seq }) => seq);
    assert.deepEqual(await seqs("--last", "2"), [3, 4]);
    assert.deepEqual(await seqs("--status", "dead", "--since", "1h"), [2]);
    assert.deepEqual(await seqs("--type", "call.completed", "--last", "1"), [2]);
    assert.deepEqual(await seqs("--until", "1h"), []);
    const [, dead] = (await json("list")) as [unknown, { id: string; attempts: number; error: string }];
    assert.equal(dead.attempts, 1);
    assert.match(dead.error, /^TypeError: cannot save <name:\w+>$/);

    const shown = await read(t, ["show", dead.id.slice(0, -1), ...at], { PGAPPNAME: "x" });
    assert.match(shown.out, /dead/);
    assert.equal(shown.out.includes("TEST PERSON"), false);
    assert.match((await read(t, ["dead", ...at])).out, /#2 .*\n1 dead, 1 quarantined, in postgres:\/\/reader@/);
    assert.match((await read(t, ["drift", "--type", "call.completed", ...at])).out, /2 pushes/);
    assert.match(
      (await read(t, ["show", "2", "--curl", ...at])).out,
      /show 2 --journal 'postgres:\/\/reader@[^:]+:\d+\/postgres\?schema=\w+' --raw/,
    );

    const missing = await read(t, ["show", "99", ...at]);
    assert.deepEqual([missing.code, missing.out], [2, ""]);
    assert.match(missing.err, /There is no push 99 in postgres:/);
    assert.deepEqual(await stored(), before);
  },
);

postgresTest(
  "show --raw writes the exact bytes of a push in Postgres, and an export brings them into a journal",
  async (t) => {
    const { inbox, url } = await startInbox(t);
    await inbox.open(noEvents);
    atEnd(t, () => inbox.close(0));
    for (const body of ODD_BODIES) await inbox.put(storedPush({ body, sha256: String(body.length) }));
    const env = { AIRUDDER_JOURNAL: url };
    for (const [i, body] of ODD_BODIES.entries()) {
      const { stdout, err } = await read(t, ["show", String(i + 1), "--raw"], env);
      assert.ok(stdout.equals(body), `${i}: ${err}`);
    }
    const folder = makeFolder(t);
    const file = join(folder, "pushes.ndjson");
    assert.equal((await read(t, ["export", "1..4", "--as", "ndjson", "--reveal", "--out", file], env)).code, 0);
    const journal = join(folder, "journal");
    const imported = await run(["import", file, "--journal", journal]);
    assert.match(imported.out, /^imported 4 pushes/);
    for (const [i, body] of ODD_BODIES.slice(0, 4).entries())
      assert.ok((await run(["show", String(i + 1), "--raw", "--journal", journal])).stdout.equals(body), String(i));
  },
);

postgresTest(
  "a replay of production pushes reports what the fixed app does with them, and writes nothing to Postgres",
  async (t) => {
    const { inbox, pool, schema, url } = await startInbox(t);
    await fill(t, inbox);
    const before = (await pool.query(`select * from ${schema}.pushes order by id`)).rows;
    const saved: string[] = [];
    const fixed = airudder({ key: KEY, token: false, warnings: false }).on("call.completed", ({ payload }) => {
      saved.push(String(payload.TaskName));
    });
    atEnd(t, () => fixed.close());
    const app = await serve(t, fixed);
    const replay = [
      "replay",
      "--type",
      "call.completed",
      "--journal",
      url,
      "--to",
      app.url,
      "--expect",
      "2xx",
      "--json",
    ];
    const dry = await read(t, [...replay.filter((word) => word !== "--json"), "--dry-run"]);
    assert.match(dry.out, /2 pushes would be sent/);
    const { code, err, lines } = await read(t, replay);
    assert.equal(code, 0, err);
    const verdicts = lines().filter(({ event }) => event === "verdict");
    assert.deepEqual(
      verdicts.map(({ seq, verdict, result }) => [seq, verdict, result]),
      [
        [1, "same", "handled"],
        [2, "fixed", "handled"],
      ],
    );
    assert.deepEqual(saved, ["good", "broken"]);
    assert.deepEqual((await pool.query(`select * from ${schema}.pushes order by id`)).rows, before);
  },
);

postgresTest("Ctrl+C in a replay of an inbox ends it and removes the temporary folder", async (t) => {
  if (process.platform === "win32") return t.skip("no signals");
  const { inbox, url } = await startInbox(t);
  await inbox.open(noEvents);
  atEnd(t, () => inbox.close(0));
  for (const n of [1, 2]) await inbox.put(storedPush({ sha256: String(n) }));
  const app = await new RecorderApp(() => undefined).start();
  atEnd(t, () => app.stop());
  const temporary = makeFolder(t);
  const { child, ended } = startRun(["replay", "1..2", "--journal", url, "--to", app.url], {
    env: { TMPDIR: temporary },
  });
  await app.received(1);
  assert.equal(readdirSync(temporary).length, 1);
  child.kill("SIGINT");
  const { code, err } = await ended;
  assert.equal(code, 1);
  assert.match(err, /^interrupted: 0 of 2 pushes sent/m);
  assert.deepEqual(readdirSync(temporary), []);
});

postgresTest("an inbox that cannot be read is reported on one line with what to do, and exit code 3", async (t) => {
  const { pool, schema, url } = await startInbox(t);
  const cases: [string, RegExp][] = [
    [url.replace(schema, "nowhere"), /The schema "?nowhere"? .* \?schema=NAME/],
    [url.replace("/postgres?", "/other?"), /database "other" does not exist/],
    [url.replace("reader:", "nobody:"), /role "nobody" does not exist/],
    [url.replace(/:\d+\/postgres/, ":1/postgres"), /connection refused/],
  ];
  const silent = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => silent.once("listening", resolve));
  atEnd(t, () => silent.close());
  cases.push([url.replace(/:\d+\/postgres/, `:${(silent.address() as AddressInfo).port}/postgres`), /timeout/]);
  const check = async ([journal, message]: [string, RegExp]) => {
    const start = performance.now();
    const { code, out, err } = await read(t, ["list", "--journal", journal]);
    assert.deepEqual([code, out], [3, ""], err);
    assert.match(err, message);
    assert.match(err, /^airudder-devproxy: The inbox postgres:\/\/[^\n]+\n$/);
    assert.ok(performance.now() - start < 20_000);
  };
  await Promise.all(cases.map(check));
  await pool.query(`revoke select on ${schema}.pushes from reader`);
  await check([url, new RegExp(`GRANT SELECT ON ALL TABLES IN SCHEMA ${schema}`)]);
  await pool.query(`insert into ${schema}.migrations values (99)`);
  await check([url, /version 99/]);
});

test("a driver that is not installed is reported with the command that installs it", async (t) => {
  const hook = `export const resolve = (name, context, next) => { if (["pg", "ioredis", "bullmq"].includes(name)) throw Object.assign(new Error(name), { code: "ERR_MODULE_NOT_FOUND" }); return next(name, context); }`;
  const loader = `import { register } from "node:module"; register("data:text/javascript,${encodeURIComponent(hook)}");`;
  const NODE_OPTIONS = `--import=data:text/javascript,${encodeURIComponent(loader)}`;
  for (const [journal, packages] of [
    ["postgres://h/d", "pg"],
    ["redis://h", "bullmq ioredis"],
  ] as const) {
    const { code, err } = await read(t, ["list", "--journal", journal], { NODE_OPTIONS });
    assert.equal(code, 3, err);
    assert.match(err, new RegExp(`^airudder-devproxy: To read ${journal}.*: npm install --save-dev ${packages}\n$`));
  }
});

test("commands that write reject the URL of an inbox, and no message contains its password", async (t) => {
  const url = `postgres://user:${PASSWORD}@db.test/app`;
  const cwd = makeFolder(t);
  const rejected: [string[], RegExp][] = [
    [
      ["listen", "--tunnel", "none"],
      /listen cannot use the inbox postgres:\/\/user@db\.test\/app\?schema=airudder of --journal/,
    ],
    [["import", "x"], /import cannot use .* export --journal URL --as ndjson --reveal \| airudder-devproxy import -/],
    [["pin", "1", "name"], /pin cannot use/],
    [["trigger", "call.completed"], /trigger cannot use/],
    [["drill", "valid"], /drill cannot use/],
    [["doctor"], /doctor cannot use/],
    [["mcp"], /mcp cannot use/],
    [["dead", "--retry", "all"], /Call receiver\.retry\(id\) or receiver\.drop\(id\)/],
    [["dead", "--drop", "1"], /changes nothing in a database/],
    [["list", "--since", "soon"], /--since "soon" is not a time/],
    [["replay"], /Select the pushes to replay/],
    [["show", "a!"], /"a!" is not an id/],
  ];
  for (const [args, message] of rejected) {
    const { code, out, err } = await run([...args, "--journal", url], { cwd });
    assert.deepEqual([args, code, out], [args, 2, ""], err);
    assert.match(err, message);
    assert.match(err, /^airudder-devproxy: [^\n]+\n$/);
    assert.doesNotMatch(err, /s3cr/);
  }
  const byVariable = await run(["listen", "--tunnel", "none"], { cwd, env: { AIRUDDER_JOURNAL: url } });
  assert.match(byVariable.err, /of AIRUDDER_JOURNAL, which is read only/);
  for (const [journal, message] of [
    ["mysql://u:s3cr@h/d", /--journal does not support mysql:\/\/ URLs/],
    ["postgres://u:s3cr%@h:port/d", /is malformed\. Encode special characters/],
  ] as const) {
    const { code, err } = await run(["list", "--journal", journal], { cwd });
    assert.deepEqual([code, /s3cr/.test(err)], [2, false], err);
    assert.match(err, message);
  }
  const misplaced = await run([url, "list"], { cwd });
  assert.deepEqual([misplaced.code, /s3cr/.test(misplaced.err)], [2, false], misplaced.err);
  assert.deepEqual(readdirSync(cwd), []);
});
