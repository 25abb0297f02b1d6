import assert from "node:assert/strict";
import { fstatSync, type NoParamCallback } from "node:fs";
import { type TestContext, test } from "node:test";
import { airudder, fileInbox } from "airudder-webhooks";
import { openJournal } from "airudder-webhooks/journal";
import { makeFolder } from "../../helpers/folder.js";
import { webRequest } from "../../helpers/push.js";
import { pushHead } from "../../helpers/push-head.js";
import { until } from "../../helpers/until.js";
import { replaceFs } from "./failing-fs.js";

type Step = "write" | "synced file" | "synced folder" | "stored";

/** Records each write and each completed sync. */
function recordSteps(t: TestContext): Step[] {
  const steps: Step[] = [];
  replaceFs(t, "write", (write) => (...all: unknown[]) => {
    steps.push("write");
    (write as (...args: unknown[]) => void)(...all);
  });
  const recording = (step: Step) => (sync: (fd: number, callback: NoParamCallback) => void) => {
    return (fd: number, callback: NoParamCallback) => {
      const done: NoParamCallback = (error) => {
        if (error === null) steps.push(step);
        callback(error);
      };
      sync(fd, done);
    };
  };
  replaceFs(t, "fdatasync", recording("synced file"));
  replaceFs(t, "fsync", (sync) => (fd: number, callback: NoParamCallback) => {
    recording(fstatSync(fd).isDirectory() ? "synced folder" : "synced file")(sync)(fd, callback);
  });
  return steps;
}

test("an append resolves after its bytes are synced", async (t) => {
  const journal = await openJournal(makeFolder(t));
  t.after(() => journal.close());
  await journal.append(pushHead("first"));
  const steps = recordSteps(t);
  await journal.append(pushHead("second")).then(() => steps.push("stored"));
  assert.deepEqual(steps, ["write", "synced file", "stored"]);
});

test("POSIX only: the first append to a new segment resolves after the folder is synced", {
  skip: process.platform === "win32",
}, async (t) => {
  const journal = await openJournal(makeFolder(t), { segmentBytes: 1 });
  t.after(() => journal.close());
  await journal.append(pushHead("first"));
  const steps = recordSteps(t);
  await journal.append(pushHead("second")).then(() => steps.push("stored"));
  assert.deepEqual(steps, ["write", "synced file", "synced folder", "write", "synced file", "stored"]);
});

test("a journal that another process left is synced before it is opened", async (t) => {
  const dir = makeFolder(t);
  const before = await openJournal(dir);
  await before.append(pushHead("first"));
  await before.close();
  const steps = recordSteps(t);
  const journal = await openJournal(dir);
  t.after(() => journal.close());
  assert.ok(steps.includes("synced file"), steps.join());
});

test("the 200 response of an inbox is sent after the push is synced", async (t) => {
  const receiver = airudder({ token: false, warnings: false, inbox: fileInbox(makeFolder(t)) });
  t.after(() => receiver.close());
  await receiver.ready();
  const held: (() => void)[] = [];
  let isHolding = true;
  replaceFs(t, "fdatasync", (sync) => (fd: number, callback: NoParamCallback) => {
    if (isHolding) held.push(() => sync(fd, callback));
    else sync(fd, callback);
  });
  let status: number | undefined;
  const responding = receiver.fetch(webRequest({ n: 1 })).then((response) => {
    status = response.status;
  });
  await until(() => held.length > 0 || status !== undefined);
  assert.equal(status, undefined);
  isHolding = false;
  for (const release of held) release();
  await responding;
  assert.equal(status, 200);
});
