import assert from "node:assert/strict";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { after, type TestContext } from "node:test";
import { airudder } from "airudder-webhooks";
import type { Inbox } from "airudder-webhooks/inbox";
import { postgresInbox } from "airudder-webhooks/postgres";
import type pg from "pg";
import { noEvents, storedPush } from "../../../middleware/src/testing/stored-push.js";
import { serve } from "../../helpers/app.js";
import { atEnd } from "../../helpers/at-end.js";
import { run, sha256, startRun } from "../../helpers/devproxy.js";
import { makeFolder } from "../../helpers/folder.js";
import { makePool, PostgresServer, postgresTest } from "../../helpers/postgres.js";
import { KEY } from "../../helpers/push.js";
import { RecorderApp } from "../../helpers/recorder-app.js";
import { until } from "../../helpers/until.js";
import { bodiesOf, fill, guideBlock, LISTED, ODD_BODIES, PASSWORD, read } from "./production.js";

let server: Promise<PostgresServer> | undefined;
let inboxes = 0;
after(async () => (await server)?.remove());

/** An inbox in Postgres, and the URL of a role that can only read it. */
async function startInbox(
  t: TestContext,
): Promise<{ inbox: Inbox<unknown>; pool: pg.Pool; schema: string; role: string; url: string }> {
  server ??= PostgresServer.start();
  const { url } = await server;
  const pool = makePool(t, { connectionString: url });
  const schema = `inbox_${++inboxes}`;
  const inbox = postgresInbox({ pool, schema, retries: 0 });
  await inbox.migrate();
  const role = `reader_${inboxes}`;
  const grants = guideBlock("sql")
    .replaceAll("airudder_reader", role)
    .replaceAll("SCHEMA airudder", `SCHEMA ${schema}`);
  await pool.query(grants);
  return { inbox, pool, schema, role, url: `${url.replace("test@", `${role}:${PASSWORD}@`)}?schema=${schema}` };
}

postgresTest(
  "commands list, show and summarize the pushes of a postgresInbox with a role that can only read",
  async (t) => {
    const { inbox, schema, url } = await startInbox(t);
    await fill(t, inbox);
    const command = (...args: string[]) => read(t, [...args, "--journal", url]);

    const listed = await command("list");
    assert.equal(listed.code, 0, listed.err);
    assert.match(listed.out, LISTED);
    assert.ok(listed.out.endsWith(`\n4 pushes of 4, in ${url.replace(`:${PASSWORD}`, "")}\n`), listed.out);
    assert.equal(listed.out.includes("TEST PERSON"), false);

    const seqs = async (...args: string[]) => (await command("list", "--json", ...args)).lines().map(({ seq }) => seq);
    const lists = [
      seqs("--last", "2"),
      seqs("--status", "dead", "--since", "1h"),
      seqs("--type", "call.completed", "--text", "broken", "--last", "1"),
      seqs("--status", "stored", "--call", "c0ffee00c0ffee00c0ffee00c0ffee00"),
    ];
    assert.deepEqual(await Promise.all(lists), [[3, 4], [2], [2], [4]]);

    const [dead, counts] = (await command("dead", "--json")).lines();
    assert.deepEqual([dead?.seq, dead?.attempts, counts?.dead, counts?.quarantined], [2, 1, 1, 1]);
    const id = String(dead?.id);
    const [shown, curl, drift, missing] = await Promise.all([
      command("show", id.slice(0, -1)),
      command("show", id, "--curl"),
      command("drift"),
      command("show", "99"),
    ]);
    assert.match(shown.out, /TypeError: cannot save/);
    assert.equal(shown.out.includes("TEST PERSON"), false);
    assert.match(
      curl.out,
      new RegExp(`show 2 --journal 'postgres://reader_\\d+@[^/]+/postgres\\?schema=${schema}' --raw`),
    );
    assert.match(drift.out, /no drift in 4 pushes/);
    assert.deepEqual([missing.code, missing.out], [2, ""]);
    assert.match(missing.err, /There is no push 99 in postgres:/);
  },
);

postgresTest(
  "show --raw writes the exact bytes of a push in Postgres, and an export brings them into a journal",
  async (t) => {
    const { inbox, url } = await startInbox(t);
    await inbox.open(noEvents);
    atEnd(t, () => inbox.close(0));
    for (const body of ODD_BODIES) await inbox.put(storedPush({ body, sha256: sha256(body) }));
    const env = { AIRUDDER_JOURNAL: url };
    const shown = await read(t, ["show", "3", "--raw"], env);
    assert.ok(shown.stdout.equals(ODD_BODIES[2]), shown.err);

    const folder = makeFolder(t);
    const file = join(folder, "pushes.ndjson");
    const exported = await read(t, ["export", "--as", "ndjson", "--reveal", "--out", file], env);
    assert.equal(exported.code, 0, exported.err);
    assert.deepEqual(bodiesOf(readFileSync(file, "utf8")), ODD_BODIES);
    const journal = join(folder, "journal");
    const imported = await run(["import", file, "--journal", journal]);
    assert.match(imported.out, /^imported 5 pushes/, imported.err);
  },
);

postgresTest("a replay of production pushes reports what the fixed app does with them", async (t) => {
  const { inbox, url } = await startInbox(t);
  await fill(t, inbox);
  const saved: string[] = [];
  const fixed = airudder({ key: KEY, token: false, warnings: false }).on("call.completed", ({ payload }) => {
    saved.push(String(payload.TaskName));
  });
  atEnd(t, () => fixed.close());
  const app = await serve(t, fixed);
  const replay = ["replay", "--type", "call.completed", "--journal", url, "--to", app.url];
  assert.match((await read(t, [...replay, "--dry-run"])).out, /2 pushes would be sent/);
  assert.match((await read(t, [...replay, "3"])).err, /^No recorded push matches: nothing was sent\.$/m);
  const { code, err, lines } = await read(t, [...replay, "--expect", "2xx", "--json"]);
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
});

postgresTest("Ctrl+C ends a replay and a list of an inbox, and removes the temporary folder", async (t) => {
  if (process.platform === "win32") return t.skip("no signals");
  const { inbox, url } = await startInbox(t);
  await inbox.open(noEvents);
  atEnd(t, () => inbox.close(0));
  for (const n of [1, 2]) await inbox.put(storedPush({ sha256: String(n) }));
  const app = await new RecorderApp(() => undefined).start();
  atEnd(t, () => app.stop());
  const TMPDIR = makeFolder(t);
  const replay = startRun(["replay", "1..2", "--journal", url, "--to", app.url], { env: { TMPDIR } });
  await app.received(1);
  assert.equal(readdirSync(TMPDIR).length, 1);
  replay.child.kill("SIGINT");
  const { code, err } = await replay.ended;
  assert.equal(code, 1);
  assert.match(err, /^interrupted: 0 of 2 pushes sent/m);
  assert.deepEqual(readdirSync(TMPDIR), []);

  const port = await startSilentServer(t);
  const list = startRun(["list", "--journal", `postgres://127.0.0.1:${port}/app`], { env: { TMPDIR } });
  await until(() => readdirSync(TMPDIR).length === 1);
  list.child.kill("SIGINT");
  assert.equal((await list.ended).code, 1);
  assert.deepEqual(readdirSync(TMPDIR), []);
});

/** A server that accepts connections and never responds. Resolves with its port. */
async function startSilentServer(t: TestContext): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  atEnd(t, () => server.close());
  return (server.address() as AddressInfo).port;
}

postgresTest("an inbox in Postgres that cannot be read is reported on one line, with exit code 3", async (t) => {
  const { pool, schema, role, url } = await startInbox(t);
  const withPort = (port: number) => url.replace(/:\d+\/postgres/, `:${port}/postgres`);
  const check = async ([journal, message]: readonly [string, RegExp]) => {
    const { code, out, err } = await read(t, ["list", "--journal", journal]);
    assert.deepEqual([code, out], [3, ""], err);
    assert.match(err, message);
    assert.match(err, /^airudder-devproxy: The inbox postgres:\/\/[^\n]+\n$/);
  };
  const cases: [string, RegExp][] = [
    [url.replace(schema, "nowhere"), /The schema "nowhere" has no inbox\. Give the schema of the inbox/],
    [url.replace("/postgres?", "/other?"), /database "other" does not exist/],
    [withPort(1), /connection refused/],
    [withPort(await startSilentServer(t)), /did not respond within 5000 ms/],
  ];
  await Promise.all(cases.map(check));
  await pool.query(`revoke select on ${schema}.pushes from ${role}`);
  await check([url, new RegExp(`GRANT SELECT ON ALL TABLES IN SCHEMA ${schema} TO ROLE`)]);
  await pool.query(`insert into ${schema}.migrations values (99)`);
  await check([url, /version 99/]);
});
