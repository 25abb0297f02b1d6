import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { test } from "node:test";
import { list } from "../../../devproxy/src/commands/index.js";
import { Store } from "../../../devproxy/src/journal/index.js";
import { Screen } from "../../../devproxy/src/report/index.js";
import { makeFolder } from "../../helpers/folder.js";
import { pushHead } from "../../helpers/push-head.js";

const content = { headers: {}, body: Buffer.from("{}") };

test("list --json pauses while nobody reads its output, and then continues", async (t) => {
  const dir = makeFolder(t);
  const store = await Store.open(dir);
  await Promise.all(Array.from({ length: 500 }, (_, n) => store.recordPush(pushHead(`push-${n}`), content)));
  await store.close();
  const stream = new PassThrough({ highWaterMark: 1024 });
  const out = new Screen(stream as never);
  const done = list({ journal: dir, reveal: false, json: true }, { out, err: out });
  const ended = done.then(() => true);
  const early = await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, 1_000))]);
  assert.equal(early, undefined, "it waits for a reader");
  assert.ok(stream.writableLength + stream.readableLength < 10_000);
  let text = "";
  stream.setEncoding("utf8").on("data", (chunk) => {
    text += chunk;
  });
  await done;
  await out.flush();
  assert.equal(text.trim().split("\n").length, 500);
});
