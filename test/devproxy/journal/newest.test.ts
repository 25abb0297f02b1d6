import assert from "node:assert/strict";
import { test } from "node:test";
import { newestRows, Store } from "../../../devproxy/src/journal/index.js";
import { makeFolder } from "../../helpers/folder.js";
import { pushHead } from "../../helpers/push-head.js";

test("newestRows reads the newest pushes across segments", async (t) => {
  const dir = makeFolder(t);
  const store = await Store.open(dir);
  const content = { headers: {}, body: Buffer.from("{}") };
  for (let n = 1; n <= 9; n++) {
    await store.recordPush(pushHead(`id-${n}`), content);
    if (n % 2 === 0) await store.roll();
  }
  for (const max of [1, 2, 5, 9, 50]) {
    const rows = await newestRows(dir, max);
    const expected = Array.from({ length: 9 }, (_, i) => i + 1).slice(-max);
    assert.deepEqual(
      rows.map(({ push }) => push.seq),
      expected,
    );
  }
  await store.close();
  assert.deepEqual(await newestRows(makeFolder(t), 5), []);
});
