import assert from "node:assert/strict";
import { test } from "node:test";
import { fileInbox } from "airudder-webhooks";
import type { StoredPush } from "airudder-webhooks/inbox";
import { noEvents, storedPush } from "../../../middleware/src/testing/stored-push.js";
import { makeFolder } from "../../helpers/folder.js";
import { until } from "../../helpers/until.js";

const MB = 1024 * 1024;

const loads: [string, number, number, number][] = [
  ["up to 8 MB of large bodies wait in memory", MB, 12, 8],
  ["up to 1,000 small pushes wait in memory", 10, 1_005, 1_000],
];
for (const [what, size, count, most] of loads) {
  test(`${what}; the others are read from disk before they are handled, byte for byte`, async (t) => {
    const inbox = fileInbox(makeFolder(t), { concurrency: 1 });
    t.after(() => inbox.close(100));
    let finishFirst = (): void => undefined;
    const first = new Promise<void>((resolve) => {
      finishFirst = resolve;
    });
    const handled = new Map<string, StoredPush>();
    await inbox.open(noEvents);
    inbox.consume((push) => {
      handled.set(push.id, push);
      return first;
    });
    const pushes = Array.from({ length: count }, (_, i) => storedPush({ body: Buffer.alloc(size, String(i % 10)) }));
    for (const push of pushes) await inbox.put(push);
    finishFirst();
    await until(() => handled.size === count);
    assert.ok(pushes.every(({ id, body }) => handled.get(id)?.body.equals(body)));
    assert.equal(pushes.filter((push) => handled.get(push.id) === push).length, most);
  });
}

test("finished pushes free memory for new ones", async (t) => {
  const inbox = fileInbox(makeFolder(t));
  t.after(() => inbox.close(100));
  const handled = new Set<StoredPush>();
  await inbox.open(noEvents);
  inbox.consume((push) => void handled.add(push));
  for (let i = 0; i < 20; i++) {
    const push = storedPush({ body: Buffer.alloc(MB, "x") });
    await inbox.put(push);
    await until(() => inbox.state?.().queued === 0);
    assert.ok(handled.has(push));
  }
});
