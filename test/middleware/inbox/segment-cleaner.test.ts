import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { airudder, type FileInboxOptions, fileInbox } from "airudder-webhooks";
import { noEvents, storedPush } from "../../../middleware/src/testing/stored-push.js";
import { makeFolder } from "../../helpers/folder.js";
import { agentStatus, KEY, webRequest } from "../../helpers/push.js";
import { until } from "../../helpers/until.js";

const segmentsOf = (dir: string): string[] => readdirSync(dir).filter((name) => name.endsWith(".ndjson"));

/** Pushes that contain `bad` fail. */
function start(t: TestContext, dir: string, options: FileInboxOptions = {}) {
  const inbox = fileInbox(dir, { segmentBytes: 20_000, retryMs: 600_000, maxRetryMs: 600_000, ...options });
  const receiver = airudder({ key: KEY, inbox, duplicateWindowMs: 0 });
  receiver.on("*", ({ payload }) => {
    if ("bad" in payload) throw new Error("bad");
  });
  t.after(() => receiver.close({ timeoutMs: 1 }));
  const send = async (count: number, kind: "good" | "bad"): Promise<void> => {
    const filler = " ".repeat(1_000);
    for (let i = 0; i < count; i++) await receiver.fetch(webRequest({ [kind]: `${i}${filler}` }));
  };
  return { receiver, send };
}

test("a backlog of many segments is not rewritten for each finished push", async (t) => {
  const dir = makeFolder(t);
  const { receiver, send } = start(t, dir);
  await send(150, "bad");
  const before = segmentsOf(dir);
  assert.ok(before.length > 5);
  await send(3, "good");
  await until(() => receiver.stats().handled === 3);
  await receiver.close();
  assert.deepEqual(segmentsOf(dir).slice(0, before.length), before);
  assert.ok(segmentsOf(dir).length <= before.length + 1);
});

test("segments of finished pushes are removed, however many dead pushes there are", async (t) => {
  const dir = makeFolder(t);
  const { receiver, send } = start(t, dir, { retries: 0 });
  await send(100, "bad");
  await until(async () => (await receiver.dead()).length === 100);
  await send(600, "good");
  await until(() => receiver.stats().handled === 600);
  await until(() => segmentsOf(dir).length <= 20); // the dead pushes fill seven; as many again may await removal
  assert.equal((await receiver.dead()).length, 100);
});

test("dead pushes with errors longer than the pushes are not rewritten repeatedly", async (t) => {
  const dir = makeFolder(t);
  const inbox = fileInbox(dir, { segmentBytes: 20_000, retries: 0 });
  t.after(() => inbox.close(100));
  await inbox.open(noEvents);
  inbox.consume(({ type }) => {
    if (type === "unknown") throw new Error("x".repeat(490));
  });
  for (let i = 0; i < 100; i++) await inbox.put(storedPush());
  await until(() => inbox.state?.().dead === 100);
  const before = segmentsOf(dir);
  assert.ok(before.length > 4);
  for (let i = 0; i < 20; i++) {
    await inbox.put(storedPush({ type: "dialer.agent" }));
    await until(() => inbox.state?.().queued === 0);
  }
  assert.deepEqual(segmentsOf(dir).slice(0, before.length), before);
});

/** Breaks the line of the push that contains `text`, so that it is not JSON. */
function damage(dir: string, text: string): void {
  for (const name of segmentsOf(dir)) {
    const file = join(dir, name);
    const before = readFileSync(file, "latin1");
    const at = before.indexOf(text);
    if (at >= 0) writeFileSync(file, `${before.slice(0, at)}"${before.slice(at + 1)}`, "latin1");
  }
}

const keptIn = (dir: string): string[] => readdirSync(dir).filter((name) => name.endsWith(".kept"));

test("a dead push that is damaged on disk stays listed, its file is kept, and other files are removed as before", async (t) => {
  const dir = makeFolder(t);
  const { receiver, send } = start(t, dir, { retries: 0 });
  await receiver.fetch(webRequest({ bad: "broken here" }));
  await send(2, "bad");
  await until(async () => (await receiver.dead()).length === 3);
  damage(dir, "broken here");
  await send(400, "good");
  await until(() => receiver.stats().inbox?.queued === 0);
  await until(() => segmentsOf(dir).length <= 6);
  const ids = (await receiver.dead()).map(({ id }) => id);
  assert.equal(ids.length, 3);
  assert.deepEqual(keptIn(dir), ["000001.ndjson.kept"]);
  assert.ok(readFileSync(join(dir, "000001.ndjson.kept"), "latin1").includes("roken here"));
  await receiver.close();

  const again = start(t, dir, { retries: 0 }).receiver;
  assert.deepEqual((await again.dead()).map(({ id }) => id).sort(), [...ids].sort());
  assert.equal(await again.retry(ids[0] as string), true);
  await until(async () => (await again.dead()).length === 3);
  assert.match(String((await again.dead()).find(({ id }) => id === ids[0])?.error), /no body/);
});

test("a push in memory is rewritten completely although its line is damaged", async (t) => {
  const dir = makeFolder(t);
  const first = start(t, dir);
  let release = (): void => undefined;
  const isReleased = new Promise<void>((resolve) => {
    release = resolve;
  });
  first.receiver.on("dialer.agent", () => isReleased);
  await first.receiver.fetch(webRequest(agentStatus({ agentName: "waits here" })));
  await until(() => first.receiver.stats().inbox?.queued === 1);
  damage(dir, "waits here");
  await first.send(400, "good");
  await until(() => keptIn(dir).length === 1 && first.receiver.stats().inbox?.queued === 1);
  await first.receiver.close({ timeoutMs: 0 });
  release();

  const second = start(t, dir);
  const names: unknown[] = [];
  second.receiver.on("dialer.agent", ({ payload }) => {
    names.push((payload as unknown as ReturnType<typeof agentStatus>).pds.body.agentName);
  });
  await until(() => names.length === 1);
  assert.deepEqual(names, ["waits here"]);
});

test("a segment with a damaged line is kept, and the segments after it are removed", async (t) => {
  const dir = makeFolder(t);
  const first = start(t, dir);
  await first.send(100, "good");
  await until(() => first.receiver.stats().inbox?.queued === 0);
  await first.receiver.close();
  const [name = ""] = segmentsOf(dir);
  const file = join(dir, name);
  writeFileSync(file, readFileSync(file, "latin1").replace('"kind":"push"', '"kind"#"push"'), "latin1");
  const { receiver, send } = start(t, dir);
  await receiver.ready();
  await send(200, "good");
  await until(() => segmentsOf(dir).length <= 3);
  assert.deepEqual(keptIn(dir), [`${name}.kept`]);
});

test("close() ends background work: the folder is free afterwards", async (t) => {
  const dir = makeFolder(t);
  const { receiver, send } = start(t, dir, { retries: 0 });
  await send(100, "bad");
  await send(300, "good");
  await receiver.close();
  assert.equal(existsSync(join(dir, "lock")), false);
  const left = segmentsOf(dir);
  const next = airudder({ key: KEY, inbox: fileInbox(dir) });
  await next.ready();
  assert.equal((await next.dead()).length + (next.stats().inbox?.queued ?? 0) >= 100, true);
  await next.close();
  assert.ok(left.length > 0);
});
