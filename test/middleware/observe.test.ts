import assert from "node:assert/strict";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { test } from "node:test";
import { type AirudderEvent, airudder, fileInbox } from "airudder-webhooks";
import { CHANNEL } from "airudder-webhooks/inspect";
import { makeFolder } from "../helpers/folder.js";
import { callCompleted, KEY, webRequest } from "../helpers/push.js";
import { until } from "../helpers/until.js";

test("every event is published on the diagnostics channel", async (t) => {
  const events: unknown[] = [];
  const listener = (event: unknown): void => {
    events.push((event as AirudderEvent).event);
  };
  subscribe(CHANNEL, listener);
  t.after(() => unsubscribe(CHANNEL, listener));
  const receiver = airudder({ key: KEY }).on("*", () => undefined);
  await receiver.fetch(webRequest(callCompleted()));
  await receiver.fetch(webRequest("{"));
  assert.deepEqual(events, ["handled", "accepted", "rejected"]);
});

test("no event, response or count contains personal data of a push", async (t) => {
  const texts: string[] = [];
  const receiver = airudder({
    key: KEY,
    inbox: fileInbox(makeFolder(t), { retries: 0 }),
    observe: (event) => texts.push(JSON.stringify(event)),
  });
  t.after(() => receiver.close());
  receiver.on("call.completed", ({ payload }) => {
    if (payload.TaskID === "dead") throw new Error("broken");
  });
  const secret = "+62 SECRET 000";
  const person = {
    CalleeName: secret,
    CalleeNumber: secret,
    RingType: secret,
    CallTimes: secret,
    AsrResult: secret,
    [`New${1}`]: secret,
  };
  const pushes = [
    callCompleted({ Details: [{ ...(callCompleted().Details as object[])[0], ...person }] }),
    callCompleted({ TaskID: "dead", Details: [{ ...(callCompleted().Details as object[])[0], ...person }] }),
    callCompleted({ Details: secret }),
    callCompleted({ Sign: secret }),
    { ...callCompleted(), Sign: undefined, TaskName: secret },
    `{"${secret}`,
  ];
  for (const push of pushes) texts.push(await (await receiver.fetch(webRequest(push))).text());
  await until(() => receiver.stats().dead === 1);
  texts.push(JSON.stringify(receiver.stats()), JSON.stringify(await receiver.dead()));
  assert.ok(texts.length > 12);
  assert.deepEqual(
    texts.filter((text) => text.includes("SECRET")),
    [],
  );
});

test("stats() contains the depth of the inbox, its oldest push, and how long responses take", async (t) => {
  const receiver = airudder({ key: KEY, inbox: fileInbox(makeFolder(t)) });
  t.after(() => receiver.close({ timeoutMs: 1 }));
  receiver.on("*", () => new Promise(() => {}));
  const before = Date.now();
  await receiver.fetch(webRequest(callCompleted()));
  const { inbox, responseMs } = receiver.stats();
  assert.equal(inbox?.queued, 1);
  assert.ok(Number(inbox?.oldest) >= before);
  assert.ok(responseMs.p50 > 0 && responseMs.p99 >= responseMs.p50);
});
