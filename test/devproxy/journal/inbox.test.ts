import assert from "node:assert/strict";
import { test } from "node:test";
import { openJournal, type PushHead } from "airudder-webhooks/journal";
import { statusOf } from "../../../devproxy/src/journal/status.js";
import { openSnapshot } from "../../../devproxy/src/journal/store.js";
import { run } from "../../helpers/devproxy.js";
import { makeFolder } from "../../helpers/folder.js";
import { RecorderApp } from "../../helpers/recorder-app.js";

const push = (id: string, more: Partial<PushHead> = {}) => ({
  kind: "push" as const,
  id,
  at: new Date().toISOString(),
  method: "POST",
  url: "/webhooks/airudder?token=theirs",
  type: "unknown",
  verified: false,
  source: "inbox",
  size: 2,
  sha256: "",
  ...more,
});
const mark = (id: string, state: string) => ({ kind: "mark" as const, push: id, at: new Date().toISOString(), state });

test("the inbox of an app is a journal: its marks decide the statuses, and pushes that it appended again keep their order", async (t) => {
  const dir = makeFolder(t);
  const inbox = await openJournal(dir, { segmentBytes: 200 });
  const body = (text: string) => ({ headers: { "content-type": "application/json" }, body: Buffer.from(text) });
  for (const n of [1, 2, 3, 4, 5, 6])
    await inbox.append(push(`push-00${n}`, n === 4 ? { quarantined: true } : {}), body(`{"n":${n}}`));
  await inbox.append(mark("push-001", "done"));
  await inbox.append(mark("push-002", "dead"));
  await inbox.append(mark("push-003", "failed"));
  await inbox.append(mark("push-004", "quarantined"));
  await inbox.append(mark("push-005", "retry"));
  await inbox.append(push("push-002", { seq: 2 }), body('{"n":2}'));
  for (const { segment } of inbox.segments().slice(0, 2)) await inbox.drop(segment);
  await inbox.append(mark("push-002", "dead"));
  await inbox.close();

  const { index } = await openSnapshot(dir);
  assert.deepEqual(
    index.rows.map((row) => [row.push.seq, statusOf(row)]),
    [
      [2, "dead"],
      [3, "failed"],
      [4, "quarantined"],
      [5, "stored"],
      [6, "stored"],
    ],
  );

  const app = await new RecorderApp().start();
  t.after(() => app.stop());
  for (const status of ["dead", "failed"]) {
    const replayed = await run(["replay", "--status", status, "--journal", dir, "--to", `${app.url}?token=mine`]);
    assert.equal(replayed.code, 0, replayed.err);
  }
  assert.deepEqual(
    app.requests.map(({ body, url }) => [body.toString(), url]),
    [
      ['{"n":2}', "/webhooks/airudder?token=mine"],
      ['{"n":3}', "/webhooks/airudder?token=mine"],
    ],
  );
});
