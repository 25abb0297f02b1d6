import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { type TestContext, test } from "node:test";
import { airudder, fileInbox } from "airudder-webhooks";
import { makeFolder } from "../../helpers/folder.js";
import { webRequest } from "../../helpers/push.js";
import { until } from "../../helpers/until.js";

const segmentsOf = (dir: string): string[] => readdirSync(dir).filter((name) => name.endsWith(".ndjson"));

/** Starts a receiver. Its handler waits for `finish(name)` if the payload has `waits`. */
function start(t: TestContext, dir: string) {
  const inbox = fileInbox(dir, { segmentBytes: 1 });
  const receiver = airudder({ token: false, warnings: false, inbox });
  t.after(() => receiver.close());
  const handled: string[] = [];
  const waiting = new Map<string, () => void>();
  receiver.on("*", ({ payload }) => {
    const { name, waits } = payload as { name: string; waits?: boolean };
    handled.push(name);
    return waits ? new Promise<void>((resolve) => void waiting.set(name, resolve)) : undefined;
  });
  return { receiver, handled, finish: (name: string) => waiting.get(name)?.() };
}

test("a push that finishes while its record moves to a later segment is not handled again after a restart", async (t) => {
  const dir = makeFolder(t);
  const before = start(t, dir);
  const blank = (length: number): string => " ".repeat(length);
  await before.receiver.fetch(webRequest({ name: "moved", waits: true, blank: blank(2_000) }));
  await before.receiver.fetch(webRequest({ name: "large", waits: true, blank: blank(4_000) }));
  await before.receiver.fetch(webRequest({ name: "small" }));
  await until(() => before.handled.length === 3 && before.receiver.stats().inbox?.queued === 2);
  const [oldest] = segmentsOf(dir);
  // Both results are written together. The first one frees enough space to move the record of the second.
  before.finish("large");
  before.finish("moved");
  await until(() => before.receiver.stats().inbox?.queued === 0);
  await until(() => !segmentsOf(dir).includes(oldest as string));
  await before.receiver.fetch(webRequest({ name: "later" }));
  await until(() => before.handled.includes("later") && before.receiver.stats().inbox?.queued === 0);
  await until(() => segmentsOf(dir).length <= 4);
  await before.receiver.close();

  const after = start(t, dir);
  await after.receiver.fetch(webRequest({ name: "after the restart" }));
  await until(() => after.handled.includes("after the restart"));
  assert.deepEqual(after.handled, ["after the restart"]);
});
