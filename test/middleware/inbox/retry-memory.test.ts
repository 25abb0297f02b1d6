import assert from "node:assert/strict";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { airudder, fileInbox } from "airudder-webhooks";
import { makeFolder } from "../../helpers/folder.js";
import { webRequest } from "../../helpers/push.js";
import { until } from "../../helpers/until.js";

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

test("the body of a push that waits for its retry is not held in memory", async (t) => {
  const inbox = fileInbox(makeFolder(t), { retryMs: 600_000, maxRetryMs: 600_000 });
  const receiver = airudder({ token: false, warnings: false, inbox });
  t.after(() => receiver.close());
  const bodies: WeakRef<Buffer>[] = [];
  receiver.on("*", ({ raw }) => {
    bodies.push(new WeakRef(raw));
    throw new Error("not yet");
  });
  for (let n = 0; n < 3; n++) await receiver.fetch(webRequest({ n }));
  await until(() => receiver.stats().failed === 3);
  const held = (): number => bodies.filter((body) => body.deref() !== undefined).length;
  for (let i = 0; i < 50 && held() > 0; i++) {
    await new Promise((resolve) => setImmediate(resolve));
    collectGarbage();
  }
  assert.equal(held(), 0);
});
