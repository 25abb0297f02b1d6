import assert from "node:assert/strict";
import { after } from "node:test";
import type { InboxEvents } from "airudder-webhooks/inbox";
import { storedPush } from "../../../middleware/src/testing/stored-push.js";
import { postgresTest } from "../../helpers/postgres.js";
import { until } from "../../helpers/until.js";
import { proxiedPool, removeServer, Schema } from "./server.js";

after(removeServer);

const push = (subject: string, sha256 = "A") => storedPush({ subject, sha256, body: Buffer.from(sha256) });

/** Claims a push as a process that ends immediately. */
async function claimAndDie(schema: Schema, alone = false): Promise<void> {
  const lease = "00000000-0000-4000-8000-000000000000";
  const claimed = await schema.rows<{ id: string }>("select id from $schema.claim(1, $1, 0, 1e12)", [lease]);
  assert.equal(claimed.length, 1);
  if (alone) await schema.rows("select $schema.start_alone($1, $2)", [claimed[0]?.id, lease]);
}

/** Events of an inbox, recorded. */
class RecordedEvents {
  /** The codes of the warnings. */
  readonly warnings: string[] = [];
  /** The attempts and the name of the error of each dead push. */
  readonly dead: [number, string][] = [];
  readonly failed: number[] = [];
  readonly events: InboxEvents = {
    recovered: () => undefined,
    failed: (_, attempt) => void this.failed.push(attempt),
    dead: (_, attempt, error) => void this.dead.push([attempt, (error as Error).name]),
    warn: (code) => void this.warnings.push(code),
  };
}

postgresTest(
  "another process takes over the push of a frozen one; later results of the frozen one have no effect",
  async (t) => {
    const schema = await Schema.create(t);
    await schema.rows("create table $schema.effects (by text)");
    const { pool, proxy } = await proxiedPool(t);
    const recorded = new RecordedEvents();
    const frozen = await schema.open({ pool, leaseMs: 300 }, recorded.events);
    const ended: string[] = [];
    let thaw = (): void => undefined;
    let wasAborted: boolean | undefined;
    frozen.consume(async (_, { signal }) => {
      await new Promise<void>((resolve) => (thaw = resolve));
      wasAborted = signal.aborted;
      ended.push("frozen");
    });
    await frozen.put(push("s", "A"));
    await frozen.put(push("s", "B"));
    await until(async () => (await schema.rows("select from $schema.pushes where state = 'running'")).length === 1);
    proxy.discardData();
    const other = await schema.open({ leaseMs: 300 });
    other.consume(({ sha256 }) => void ended.push(`other ${sha256}`));
    await until(() => ended.length === 2);
    assert.deepEqual(ended, ["other A", "other B"]);
    proxy.restore();
    proxy.cut();
    await until(() => recorded.warnings.includes("AIRUDDER_LEASE_LOST"));
    thaw();
    await until(() => ended.includes("frozen"));
    assert.equal(wasAborted, true);
    await frozen.close(1_000);
    const states = await schema.rows<{ state: string }>("select state from $schema.pushes order by position");
    assert.deepEqual(
      states.map(({ state }) => state),
      ["handled", "handled"],
    );
  },
);

postgresTest("a process that has lost its lease cannot commit", async (t) => {
  const schema = await Schema.create(t);
  await schema.rows("create table $schema.effects (by text)");
  const inbox = await schema.open({ leaseMs: 60_000 });
  let attempts = 0;
  inbox.consume(async (_, { transaction }) => {
    attempts++;
    await transaction?.query(`insert into ${schema.name}.effects values ($1)`, [`attempt ${attempts}`]);
    // Another process claims the push and gives it back.
    if (attempts === 1) await schema.rows("update $schema.pushes set lease = gen_random_uuid(), due_at = now()");
  });
  await inbox.put(push("s"));
  await until(async () => (await schema.rows("select from $schema.pushes where state = 'handled'")).length === 1);
  assert.deepEqual(await schema.rows("select by from $schema.effects"), [{ by: "attempt 2" }]);
});

postgresTest("a lease is renewed while its handler runs", async (t) => {
  const schema = await Schema.create(t);
  const [first, second] = [await schema.open({ leaseMs: 600 }), await schema.open({ leaseMs: 600 })];
  let attempts = 0;
  for (const inbox of [first, second]) {
    inbox.consume(async () => {
      attempts++;
      await new Promise((resolve) => setTimeout(resolve, 2_000));
    });
  }
  await first.put(push("s"));
  await until(async () => (await schema.rows("select from $schema.pushes where state = 'handled'")).length === 1);
  assert.equal(attempts, 1);
});

postgresTest("a push whose process died runs alone next, before the others", async (t) => {
  const schema = await Schema.create(t);
  const storing = await schema.open();
  for (const subject of ["a", "b", "c"]) await storing.put(push(subject));
  await claimAndDie(schema);
  const worker = await schema.open({ leaseMs: 1_000 });
  const running = new Set<string>();
  const seen: [string, number, number][] = [];
  worker.consume(async ({ subject = "" }, { number }) => {
    running.add(subject);
    const [row] = await schema.rows<{ alone: string }>("select alone from $schema.pushes where subject = $1", [
      subject,
    ]);
    seen.push([subject, number, running.size]);
    assert.equal(row?.alone, subject === "a" ? "started" : null);
    await new Promise((resolve) => setTimeout(resolve, 50));
    running.delete(subject);
  });
  await until(() => seen.length === 3);
  assert.deepEqual(seen[0], ["a", 1, 1]);
  await until(() => running.size === 0);
});

postgresTest("only an unfinished attempt that ran alone counts; after the last one the push is dead", async (t) => {
  const schema = await Schema.create(t);
  const storing = await schema.open();
  await storing.put(push("s", "poison"));
  await storing.put(push("s", "next"));
  await claimAndDie(schema);
  await claimAndDie(schema);
  const attempts = async (): Promise<number | undefined> =>
    (await schema.rows<{ attempts: number }>("select attempts from $schema.pushes where sha256 = 'poison'"))[0]
      ?.attempts;
  assert.equal(await attempts(), 0);
  await claimAndDie(schema, true);
  await claimAndDie(schema, true);
  assert.equal(await attempts(), 1);
  const recorded = new RecordedEvents();
  const worker = await schema.open({ retries: 1 }, recorded.events);
  const seen: string[] = [];
  worker.consume(({ sha256 }) => void seen.push(sha256));
  await until(() => seen.length > 0);
  assert.deepEqual(seen, ["next"]);
  assert.deepEqual(recorded.dead, [[2, "ProcessEnded"]]);
  const [dead] = await worker.dead();
  assert.deepEqual(
    [dead?.attempts, dead?.error],
    [2, "ProcessEnded: The process ended during its attempts, with no other push running."],
  );
});

postgresTest(
  "a push whose process died while it ran alone waits before it runs alone again, and others run meanwhile",
  async (t) => {
    const schema = await Schema.create(t);
    const storing = await schema.open();
    await storing.put(push("poison"));
    await claimAndDie(schema, true);
    await storing.put(push("other"));
    const recorded = new RecordedEvents();
    const worker = await schema.open({ retryMs: 400, maxRetryMs: 400 }, recorded.events);
    const seen: [string, number][] = [];
    worker.consume(({ subject = "" }, { number }) => void seen.push([subject, number]));
    await until(() => seen.length === 2);
    assert.deepEqual(seen, [
      ["other", 1],
      ["poison", 2],
    ]);
    assert.deepEqual(recorded.warnings, ["AIRUDDER_PROCESS_ENDED"]);
  },
);

postgresTest("close aborts running attempts and gives their pushes back at once; they run alone next", async (t) => {
  const schema = await Schema.create(t);
  const closing = await schema.open();
  let started = 0;
  closing.consume(({ subject }) => {
    started++;
    return subject === "fast" ? undefined : new Promise(() => undefined);
  });
  for (const subject of ["fast", "a", "b"]) await closing.put(push(subject));
  await until(() => started === 3);
  await closing.close(10);
  const rows = await schema.rows("select subject, state, alone, attempts, lease from $schema.pushes order by position");
  assert.deepEqual(rows, [
    { subject: "fast", state: "handled", alone: null, attempts: 0, lease: null },
    { subject: "a", state: "waiting", alone: "next", attempts: 0, lease: null },
    { subject: "b", state: "waiting", alone: "next", attempts: 0, lease: null },
  ]);
  const next = await schema.open();
  const seen: (string | undefined)[] = [];
  next.consume(({ subject }) => void seen.push(subject));
  await until(() => seen.length === 2);
});

postgresTest("an attempt that runs alone and that close aborts has failed", async (t) => {
  const schema = await Schema.create(t);
  const storing = await schema.open();
  await storing.put(push("poison"));
  await claimAndDie(schema);
  for (const attempts of [1, 2]) {
    const worker = await schema.open({ retries: 1 });
    let isStarted = false;
    worker.consume(() => {
      isStarted = true;
      return new Promise(() => undefined);
    });
    await until(() => isStarted);
    await worker.close(10);
    const [row] = await schema.rows<{ attempts: number }>("select attempts, alone, state from $schema.pushes");
    assert.deepEqual(row, {
      attempts,
      alone: attempts === 1 ? "next" : null,
      state: attempts === 1 ? "waiting" : "dead",
    });
  }
});

postgresTest("close rejects a replay that waits for another push to end", async (t) => {
  const schema = await Schema.create(t);
  const inbox = await schema.open({ concurrency: 1 });
  let started = 0;
  inbox.consume(() => {
    started++;
    return new Promise(() => undefined);
  });
  await inbox.put(push("s", "A"));
  await until(() => started === 1);
  const replay = assert.rejects(inbox.replay?.({ ...push("other"), replay: "id" }) as Promise<unknown>, {
    code: "busy",
  });
  await new Promise((resolve) => setTimeout(resolve, 100));
  await inbox.close(100);
  const hangs = new Promise((_, reject) => setTimeout(reject, 10_000, new Error("The replay hangs.")).unref());
  await Promise.race([replay, hangs]);
  assert.equal(started, 1);
});

postgresTest("close resolves although the server cannot be reached; the lease expires", async (t) => {
  const schema = await Schema.create(t);
  const { pool, proxy } = await proxiedPool(t);
  const closing = await schema.open({ pool, leaseMs: 300 });
  let isStarted = false;
  closing.consume(() => {
    isStarted = true;
    return new Promise(() => undefined);
  });
  await closing.put(push("s"));
  await until(() => isStarted);
  proxy.reject();
  await closing.close(10);
  const next = await schema.open();
  let isHandled = false;
  next.consume(() => {
    isHandled = true;
  });
  await until(() => isHandled);
});
