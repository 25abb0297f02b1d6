import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after } from "node:test";
import type { StoredPush } from "airudder-webhooks/inbox";
import type { PushHead } from "airudder-webhooks/journal";
import { readPostgresInbox } from "airudder-webhooks/postgres";
import { rowOf } from "../../../middleware/src/postgres/push-row.js";
import { storedPush } from "../../../middleware/src/testing/stored-push.js";
import { atEnd } from "../../helpers/at-end.js";
import { postgresTest } from "../../helpers/postgres.js";
import { until } from "../../helpers/until.js";
import { removeServer, Schema } from "./server.js";

after(removeServer);

const HOUR = 3_600_000;

function push(subject: string | undefined, sha256: string, overrides: Partial<StoredPush> = {}): StoredPush {
  return storedPush({ subject, sha256, body: Buffer.from(JSON.stringify({ sha256 })), ...overrides });
}

postgresTest("A, B, A are three pushes; A, A is one; an identical push outside the window is stored", async (t) => {
  const schema = await Schema.create(t);
  const inbox = await schema.open();
  const put = (subject: string | undefined, sha256: string, windowMs = HOUR): Promise<string> =>
    inbox.put(push(subject, sha256), windowMs);
  assert.deepEqual(
    [await put("s", "A"), await put("s", "B"), await put("s", "A"), await put("s", "A")],
    ["stored", "stored", "stored", "duplicate"],
  );
  assert.equal(await put("s", "A", 0), "stored", "a window of 0 turns detection off");
  await schema.rows("update $schema.subjects set stored_at = stored_at - interval '1 hour'");
  assert.equal(await put("s", "A"), "stored");
  assert.equal(await put("s", "A", 2 * HOUR), "duplicate");
});

postgresTest(
  "without a subject, a push is compared with the last one of its type, not with a subject of the same name",
  async (t) => {
    const schema = await Schema.create(t);
    const inbox = await schema.open();
    assert.equal(await inbox.put(push("unknown", "A")), "stored");
    assert.equal(await inbox.put(push(undefined, "A")), "stored");
    assert.equal(await inbox.put(push(undefined, "A")), "duplicate");
    assert.equal(await inbox.put(push(undefined, "A", { type: "call.completed" })), "stored");
    assert.equal(await inbox.put(push("type:unknown", "A")), "stored");
  },
);

postgresTest("of identical pushes that reach two processes at once, one is stored", async (t) => {
  const schema = await Schema.create(t);
  const [first, second] = [await schema.open(), await schema.open()];
  const subjects = Array.from({ length: 40 }, (_, i) => `s${i % 20}`);
  const results = await Promise.all(
    subjects.flatMap((subject, i) => [first, second].map((inbox) => inbox.put(push(subject, `${subject}-${i < 20}`)))),
  );
  // Each subject gets its two pushes in an unknown order, each of them from both processes.
  const stored = results.filter((result) => result === "stored").length;
  const rows = await schema.rows<{ subject: string; sha256: string }>(
    "select subject, sha256 from $schema.pushes order by position",
  );
  assert.equal(rows.length, stored);
  for (const subject of new Set(subjects)) {
    const ofSubject = rows.filter((row) => row.subject === subject).map(({ sha256 }) => sha256);
    assert.ok(
      ofSubject.every((sha256, i) => sha256 !== ofSubject[i - 1]),
      `${subject}: ${ofSubject}`,
    );
    assert.equal(new Set(ofSubject).size, 2);
  }
});

postgresTest("an identical push in two processes at once: exactly one is stored, in 50 rounds", async (t) => {
  const schema = await Schema.create(t);
  const inboxes = [await schema.open(), await schema.open()];
  for (let round = 0; round < 50; round++) {
    const results = await Promise.all(inboxes.map((inbox) => inbox.put(push("s", `round ${round}`))));
    assert.deepEqual(results.sort(), ["duplicate", "stored"]);
  }
});

postgresTest("put with the id of a stored push stores nothing and resolves with stored", async (t) => {
  const schema = await Schema.create(t);
  const inbox = await schema.open();
  const same = push("s", "A");
  assert.deepEqual(
    [await inbox.put(same), await inbox.put(push("s", "B")), await inbox.put(same)],
    Array(3).fill("stored"),
  );
  const [row] = await schema.rows<{ count: number }>("select count(*)::integer as count from $schema.pushes");
  assert.equal(row?.count, 2);
});

postgresTest("any bytes and any subject are stored and handled as they arrived", async (t) => {
  const schema = await Schema.create(t);
  const inbox = await schema.open();
  const subjects = ["nul \0", "lone \ud800 surrogate", "long ".repeat(1_000), "quote ' \" \\ {}", undefined];
  const pushes = subjects.flatMap((subject) => [
    push(subject, "1", {
      body: randomBytes(1_000),
      headers: { "x-é": ["a", 'b"\\'] },
      ...{ task: "t\0", call: "\udc00" },
    }),
    push(subject, "2", { body: Buffer.alloc(0), verified: true, drift: 3, quarantined: true, reserialised: true }),
    push(subject, "3", {
      body: randomBytes(1_000_000),
      type: "call.completed",
      receivedAt: new Date(1_234_567_890_123),
    }),
  ]);
  const seen: StoredPush[] = [];
  inbox.consume((each) => void seen.push(each));
  for (const each of pushes) assert.equal(await inbox.put(each), "stored");
  await until(() => seen.length === pushes.length);
  const byId = new Map(seen.map((each) => [each.id, each]));
  for (const each of pushes) assert.deepEqual(byId.get(each.id), each);
});

postgresTest("no push has an id that Postgres cannot store", async (t) => {
  const inbox = await (await Schema.create(t)).open();
  assert.deepEqual([await inbox.retry("\0"), await inbox.drop("\0"), await inbox.dead("\0")], [false, false, []]);
});

postgresTest("ids that Postgres cannot store do not prevent the search for others", async (t) => {
  const schema = await Schema.create(t);
  const inbox = await schema.open();
  const tasks = ["nul \0", "lone \ud800 surrogate", "T1"];
  for (const task of tasks) await inbox.put(push(task, "A", { ...{ task } }));
  const found: string[] = [];
  for await (const { head } of readPostgresInbox(schema.pool, { schema: schema.name, limit: 9, about: { task: "T1" } }))
    found.push((head as PushHead).task as string);
  assert.deepEqual(found, ["T1"]);
});

postgresTest("pushes that arrive together share one transaction", async (t) => {
  const schema = await Schema.create(t);
  const inbox = await schema.open();
  await Promise.all(Array.from({ length: 100 }, (_, i) => inbox.put(push(`s${i}`, "A"))));
  const rows = await schema.rows("select distinct xmin::text from $schema.pushes");
  assert.ok(rows.length <= 3, `${rows.length} transactions`);
});

postgresTest("a push is stored durably even if the database commits asynchronously by default", async (t) => {
  const schema = await Schema.create(t);
  const client = await schema.pool.connect();
  atEnd(t, () => client.release());
  await client.query("begin; set local synchronous_commit = off");
  await client.query(`select * from ${schema.name}.put('[]', '', 100, null, 0, false)`);
  assert.deepEqual((await client.query("show synchronous_commit")).rows, [{ synchronous_commit: "on" }]);
  await client.query("rollback; begin; set local synchronous_commit = remote_apply");
  await client.query(`select * from ${schema.name}.put('[]', '', 100, null, 0, false)`);
  assert.deepEqual((await client.query("show synchronous_commit")).rows, [{ synchronous_commit: "remote_apply" }]);
  await client.query("rollback");
});

postgresTest("order per subject holds over three workers, with failures", async (t) => {
  const schema = await Schema.create(t);
  const seen = new Map<string, number[]>();
  const running = new Set<string>();
  let handled = 0;
  for (let i = 0; i < 3; i++) {
    const worker = await schema.open({ concurrency: 4 });
    worker.consume(async ({ subject = "", body }, { number }) => {
      assert.ok(!running.has(subject), `two pushes of ${subject} at once`);
      running.add(subject);
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 5));
      running.delete(subject);
      if (number === 1 && Math.random() < 0.2) throw new Error("not yet");
      seen.set(subject, [...(seen.get(subject) ?? []), Number(body.toString())]);
      handled++;
    });
  }
  const inbox = await schema.open();
  for (let n = 0; n < 20; n++) {
    await Promise.all(
      Array.from({ length: 10 }, (_, i) => inbox.put(push(`s${i}`, String(n), { body: Buffer.from(String(n)) }))),
    );
  }
  await until(() => handled >= 200, 30_000);
  for (const [subject, order] of seen)
    assert.deepEqual(
      order,
      order.toSorted((a, b) => a - b),
      subject,
    );
});

postgresTest("a subject with a large backlog, or whose push fails, does not delay others", async (t) => {
  const schema = await Schema.create(t);
  const inbox = await schema.open({ concurrency: 2, retryMs: 60_000, maxRetryMs: 60_000 });
  await Promise.all(Array.from({ length: 300 }, (_, i) => inbox.put(push("large", String(i)))));
  await Promise.all([1, 2, 3].map((i) => inbox.put(push("failing", String(i)))));
  const seen: string[] = [];
  inbox.consume(async ({ subject = "", sha256 }) => {
    seen.push(subject);
    if (subject === "failing") throw new Error(sha256);
    if (subject === "large") await new Promise((resolve) => setTimeout(resolve, 10));
  });
  await until(() => seen.includes("failing"));
  const before = seen.length;
  await inbox.put(push("other", "A"));
  await until(() => seen.includes("other"));
  assert.ok(seen.length - before < 20, `${seen.length - before} pushes ran before`);
  assert.equal(seen.filter((subject) => subject === "failing").length, 1, "it waits for its retry");
});

postgresTest(
  "the state counts waiting and dead pushes; retry and drop work in a process that only stores",
  async (t) => {
    const schema = await Schema.create(t);
    const storing = await schema.open();
    const working = await schema.open({ retries: 0 });
    let isFixed = false;
    const attempts: [string, number, boolean | undefined][] = [];
    working.consume(({ id }, { number, isRetry }) => {
      attempts.push([id, number, isRetry]);
      if (!isFixed) throw new Error("broken");
    });
    const [a, b, c] = [push("s", "A"), push("s", "B"), push("s", "C")];
    for (const each of [a, b]) await storing.put(each);
    await until(async () => (await storing.dead()).length === 2);
    assert.deepEqual(
      (await storing.dead()).map(({ id, state, attempts, error }) => ({ id, state, attempts, error })),
      [a, b].map(({ id }) => ({ id, state: "dead", attempts: 1, error: "Error: broken" })),
    );
    assert.equal((await storing.dead(b.id)).length, 1);
    assert.deepEqual(await storing.dead("no such id"), []);
    await until(() => storing.state().dead === 2 && storing.state().queued === 0);
    isFixed = true;
    assert.deepEqual(
      [
        await storing.retry(b.id),
        await storing.retry("no such id"),
        await storing.drop(a.id),
        await storing.drop(a.id),
      ],
      [true, false, true, false],
    );
    await storing.put(c);
    await until(() => attempts.length === 4);
    assert.deepEqual(attempts.slice(2), [
      [b.id, 1, true],
      [c.id, 1, false],
    ]);
    await until(() => storing.state().queued === 0 && storing.state().dead === 0);
  },
);

postgresTest("a retried push runs after the unfinished pushes of its subject", async (t) => {
  const schema = await Schema.create(t);
  const inbox = await schema.open({ retries: 0 });
  const [a, b, c] = [push("s", "A"), push("s", "B"), push("s", "C")];
  const seen: string[] = [];
  let release = (): void => undefined;
  inbox.consume(async ({ sha256 }) => {
    seen.push(sha256);
    if (seen.length === 1) throw new Error("broken");
    if (sha256 === "B") await new Promise<void>((resolve) => (release = resolve));
  });
  await inbox.put(a);
  await until(async () => (await inbox.dead()).length === 1);
  await inbox.put(b);
  await inbox.put(c);
  await until(() => seen.length === 2);
  assert.equal(await inbox.retry(a.id), true);
  release();
  await until(() => seen.length === 4);
  assert.deepEqual(seen, ["A", "B", "C", "A"]);
});

postgresTest(
  "a replay waits for the earlier pushes of its subject in another process, and is not stored",
  async (t) => {
    const schema = await Schema.create(t);
    const [other, inbox] = [await schema.open(), await schema.open({ timeoutMs: 5_000 })];
    const seen: string[] = [];
    let release = (): void => undefined;
    other.consume(async ({ sha256 }) => {
      await new Promise<void>((resolve) => (release = resolve));
      seen.push(sha256);
    });
    await other.put(push("s", "A"));
    await until(() => other.state().queued === 1);
    await new Promise((resolve) => setTimeout(resolve, 50));
    await schema.rows("select 1");
    inbox.consume(({ sha256, subject }) => {
      if (subject === "s" && sha256 === "replay") seen.push("replay");
      return "ignored";
    });
    const replaying = inbox.replay?.(push("s", "replay", { replay: "original" }));
    await new Promise((resolve) => setTimeout(resolve, 300));
    assert.deepEqual(seen, []);
    release();
    assert.equal(await replaying, "ignored");
    assert.deepEqual(seen, ["A", "replay"]);
    assert.deepEqual(await schema.rows("select sha256 from $schema.pushes"), [{ sha256: "A" }]);
  },
);

postgresTest("old finished pushes and their subjects are deleted; dead, recent and unfinished ones stay", async (t) => {
  const schema = await Schema.create(t);
  const storing = await schema.open();
  const states = ["handled", "ignored", "dropped", "dead", "quarantined", "waiting"];
  for (const state of [...states, "recent"]) {
    await storing.put(storedPush({ subject: state, sha256: state }));
    await schema.rows(
      "update $schema.pushes set state = $1, finished_at = now() - interval '1 hour' where subject = $2",
      [state === "recent" ? "handled" : state, state],
    );
  }
  // A subject with an old push and an unfinished one.
  await storing.put(storedPush({ subject: "handled", sha256: "unfinished" }));
  await schema.rows("update $schema.subjects set stored_at = now() - interval '1 hour' where key <> 'subject:recent'");
  await schema.rows("update $schema.pushes set finished_at = now() where subject = 'recent'");
  const working = await schema.open({ retentionMs: 60_000 });
  working.consume(() => new Promise(() => undefined));
  const subjects = async () =>
    (await schema.rows<{ subject: string }>("select subject from $schema.pushes order by 1")).map((row) => row.subject);
  await until(async () => (await subjects()).length === 5);
  assert.deepEqual(await subjects(), ["dead", "handled", "quarantined", "recent", "waiting"]);
  const keys = await schema.rows<{ key: string }>("select key from $schema.subjects order by 1");
  assert.deepEqual(
    keys.map(({ key }) => key),
    ["dead", "handled", "quarantined", "recent", "waiting"].map((subject) => `subject:${subject}`),
  );
  await working.close(10);
});

postgresTest(
  "a batch that is sent again stores nothing, although a duplicate in it precedes a newer push",
  async (t) => {
    const schema = await Schema.create(t);
    const pushes = [push("s", "A"), push("s", "A"), push("s", "B")];
    const put = async (batch: readonly StoredPush[], isRepeat: boolean): Promise<string[]> => {
      const rounds = batch.map((each, n) => [rowOf(each, { n, windowMs: HOUR, start: 1, claims: false })]);
      const values = [JSON.stringify(rounds), Buffer.alloc(0), isRepeat];
      const text = "select n, result from $schema.put($1, $2, 100, null, 0, $3) order by n";
      return (await schema.rows<{ result: string }>(text, values)).map(({ result }) => result);
    };
    assert.deepEqual(await put(pushes.slice(0, 1), false), ["stored"]);
    assert.deepEqual(await put(pushes.slice(1), false), ["duplicate", "stored"]);
    assert.deepEqual(await put(pushes.slice(1), true), ["duplicate", "stored"]);
    assert.equal((await schema.rows("select from $schema.pushes")).length, 2);
  },
);
