import assert from "node:assert/strict";
import { test } from "node:test";
import { airudder, fileInbox } from "airudder-webhooks";
import { samplePush, signedRequest } from "airudder-webhooks/testing";
import { run } from "../../helpers/devproxy.js";
import { makeFolder } from "../../helpers/folder.js";
import { RecorderApp } from "../../helpers/recorder-app.js";

/** The inbox of an app, with one handled and one dead push. */
async function inboxFolder(t: import("node:test").TestContext): Promise<string> {
  const dir = makeFolder(t);
  const inbox = fileInbox(dir, { retries: 0 });
  const app = airudder({
    key: "test-key",
    inbox,
    observe: ({ event }) => ["handled", "dead"].includes(event) && --left === 0 && done(),
  });
  let left = 2;
  let done = () => {};
  const settled = new Promise<void>((resolve) => {
    done = resolve;
  });
  app.on("call.completed", ({ payload }) => {
    if (payload.TaskName === "bad") throw new Error("boom");
  });
  for (const TaskName of ["good", "bad"])
    await app.fetch(
      new Request("http://localhost/", signedRequest(samplePush("call.completed", { TaskName }), { key: "test-key" })),
    );
  await settled;
  await app.close();
  return dir;
}

test("a replay of an inbox's pushes does not change their status, and is compared with their result in the inbox", async (t) => {
  const journal = ["--journal", await inboxFolder(t)];
  const app = await new RecorderApp().start();
  t.after(() => app.stop());
  const statuses = async () => (await run(["list", "--json", ...journal])).lines().map(({ status }) => status);
  const verdicts = async (to: string) => {
    const { lines } = await run(["replay", "1..2", "--json", "--to", to, ...journal]);
    const events = lines().filter(({ event }) => event === "verdict");
    return events.map(({ verdict, differences }) => [verdict, (differences as unknown[]).length]);
  };
  assert.deepEqual(await statuses(), ["handled", "dead"]);

  const free = await new RecorderApp().start();
  await free.stop();
  const refused = await verdicts(free.url);
  assert.deepEqual(
    refused.map(([verdict]) => verdict),
    ["regressed", "still failing"],
  );
  app.reply = (_, response) => void response.writeHead(500).end("{}");
  assert.deepEqual(await verdicts(app.url), [
    ["regressed", 1],
    ["still failing", 1],
  ]);
  app.reply = (_, response) => void response.end('{"ok":true}');
  assert.deepEqual(await verdicts(app.url), [
    ["fixed", 2],
    ["fixed", 2],
  ]);
  assert.deepEqual(await statuses(), ["handled", "dead"]);
});
