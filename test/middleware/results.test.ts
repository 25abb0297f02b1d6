import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import {
  type AirudderEvent,
  type AirudderOptions,
  airudder,
  type FileInboxOptions,
  fileInbox,
  type Receiver,
} from "airudder-webhooks";
import { readJournal } from "airudder-webhooks/journal";
import { makeFolder } from "../helpers/folder.js";
import { agentStatus, callCompleted, KEY, webRequest } from "../helpers/push.js";
import { until } from "../helpers/until.js";

const WORDS = ["handled", "ignored", "failed", "dead", "quarantined"];

interface Case {
  what: string;
  payload?: unknown;
  on?: (receiver: Receiver) => void;
  direct: string[];
  inbox: string[];
}

const fail = (): never => {
  throw new Error("broken");
};
const succeed = (): void => undefined;
const broken = callCompleted({ Details: null });

const cases: Case[] = [
  {
    what: "a handler of its type succeeds",
    on: (receiver) => receiver.on("call.completed", succeed),
    direct: ["handled"],
    inbox: ["handled"],
  },
  {
    what: "a handler of * succeeds",
    on: (receiver) => receiver.on("*", succeed),
    direct: ["handled"],
    inbox: ["handled"],
  },
  {
    what: "a handler fails",
    on: (receiver) => receiver.on("call.completed", fail),
    direct: ["failed"],
    inbox: ["failed", "dead"],
  },
  {
    what: "the handler of * fails after that of the type succeeded",
    on: (receiver) => receiver.on("call.completed", succeed).on("*", fail),
    direct: ["failed"],
    inbox: ["failed", "dead"],
  },
  {
    what: "a known push lacks what handlers need, and only typed handlers and * are registered",
    payload: broken,
    on: (receiver) => receiver.on("call.completed", fail).on("*", fail),
    direct: ["quarantined"],
    inbox: ["quarantined"],
  },
  {
    what: "a known push lacks what handlers need, and a quarantined handler succeeds",
    payload: broken,
    on: (receiver) => receiver.on("quarantined", succeed),
    direct: ["handled"],
    inbox: ["handled"],
  },
  {
    what: "a known push lacks what handlers need, and the quarantined handler fails",
    payload: broken,
    on: (receiver) => receiver.on("quarantined", fail),
    direct: ["failed"],
    inbox: ["failed", "dead"],
  },
  {
    what: "the type is unknown and has no handler",
    payload: { hello: 1 },
    on: (receiver) => receiver.on("call.completed", fail),
    direct: ["quarantined"],
    inbox: ["quarantined"],
  },
  {
    what: "the type is unknown and its handler succeeds",
    payload: { hello: 1 },
    on: (receiver) => receiver.on("unknown", succeed),
    direct: ["handled"],
    inbox: ["handled"],
  },
  {
    what: "the type is unknown and a handler of * succeeds",
    payload: { hello: 1 },
    on: (receiver) => receiver.on("*", succeed),
    direct: ["handled"],
    inbox: ["handled"],
  },
];

function start(t: TestContext, { on }: Case, options: AirudderOptions) {
  const events: AirudderEvent[] = [];
  const receiver = airudder({ key: KEY, warnings: false, observe: (event) => events.push(event), ...options });
  on?.(receiver);
  t.after(() => receiver.close({ timeoutMs: 100 }));
  const results = (): string[] => events.map(({ event }) => event).filter((event) => WORDS.includes(event));
  return { receiver, results };
}

const quick: FileInboxOptions = { retries: 1, retryMs: 1, maxRetryMs: 2 };

for (const each of cases) {
  const { what, payload = callCompleted(), direct, inbox } = each;

  test(`direct mode: if ${what}, the result is ${direct.join(", ")}`, async (t) => {
    const { receiver, results } = start(t, each, {});
    const headers = { "airudder-devproxy": "1" };
    const response = await receiver.fetch(webRequest(payload, headers));
    assert.deepEqual(results(), direct);
    assert.equal(response.status, direct[0] === "failed" ? 500 : 200);
    const { result } = JSON.parse(response.headers.get("airudder-outcome") ?? "{}");
    assert.equal(result, direct.at(-1));
    const stats = receiver.stats() as unknown as Record<string, number>;
    assert.deepEqual(
      WORDS.map((word) => stats[word]),
      WORDS.map((word) => direct.filter((result) => result === word).length),
    );
  });

  test(`inbox: if ${what}, the result is ${inbox.join(", ")}`, async (t) => {
    const dir = makeFolder(t);
    const { receiver, results } = start(t, each, { inbox: fileInbox(dir, quick) });
    const response = await receiver.fetch(webRequest(payload, { "airudder-devproxy": "1" }));
    assert.equal(response.status, 200);
    assert.equal(JSON.parse(response.headers.get("airudder-outcome") ?? "{}").result, "stored");
    await until(() => results().at(-1) === inbox.at(-1));
    assert.deepEqual(results(), inbox);
    await receiver.close();
    const marks: string[] = [];
    await readJournal(dir, { onRecord: ({ head }) => head.kind === "mark" && marks.push(head.state) });
    assert.deepEqual(marks, inbox);
    const dead = inbox.at(-1) === "dead" || inbox.at(-1) === "quarantined" ? 1 : 0;
    assert.equal(receiver.stats().inbox?.dead, dead);
  });
}

test("direct mode: a push of a known type without a handler is ignored", async (t) => {
  const { receiver, results } = start(t, cases[0] as Case, {});
  assert.equal((await receiver.fetch(webRequest(agentStatus()))).status, 200);
  assert.deepEqual(results(), ["ignored"]);
});
