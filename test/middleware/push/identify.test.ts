import assert from "node:assert/strict";
import { test } from "node:test";
import { airudder, identify, type PushType } from "airudder-webhooks";
import { catalogue } from "airudder-webhooks/inspect";
import fc from "fast-check";
import { KEY, sample, webRequest } from "../../helpers/push.js";

type Json = Record<string, unknown>;

function without(file: string, ...path: string[]): Json {
  const payload = sample(file);
  const holder = path.slice(0, -1).reduce<Json>((value, step) => value[step] as Json, payload);
  delete holder[path.at(-1) as string];
  return payload;
}

function withValue(file: string, path: string[], value: unknown): Json {
  const payload = sample(file);
  const holder = path.slice(0, -1).reduce<Json>((at, step) => at[step] as Json, payload);
  holder[path.at(-1) as string] = value;
  return payload;
}

/** Fields that identification and handlers need, with the type that the other fields still identify. */
const needed: [file: string, path: string[], type: PushType][] = [
  ["workflow.status/with-task.json", ["actions"], "workflow.status"],
  ["workflow.status/with-task.json", ["status"], "workflow.status"],
  ["workflow.status/with-task.json", ["workflow_id"], "workflow.status"],
  ["workflow.list.completed/case-id-first.json", ["rows"], "workflow.list.completed"],
  ["workflow.list.completed/case-id-first.json", ["case_id"], "workflow.list.completed"],
  ["custom_node.push/reached.json", ["callee"], "custom_node.push"],
  ["custom_node.push/reached.json", ["node_id"], "custom_node.push"],
  ["chatbot.session.ended/closed.json", ["call_id"], "chatbot.session.ended"],
  ["dialer.agent/hangup.json", ["pds", "type"], "dialer.agent"],
  ["dialer.agent/hangup.json", ["pds", "body"], "dialer.agent"],
  ["dialer.agent.bare/hangup.json", ["type"], "dialer.agent"],
  ["dialer.agent.bare/hangup.json", ["body"], "dialer.agent"],
  ["dialer.contact/busy-reconstructed.json", ["pds", "type"], "dialer.contact"],
  ["dialer.contact/busy-reconstructed.json", ["pds", "body"], "dialer.contact"],
  ["dialer.contact.bare/busy-reconstructed.json", ["type"], "dialer.contact"],
  ["dialer.contact.bare/busy-reconstructed.json", ["body"], "dialer.contact"],
  ["dialer.task/vendor-example.json", ["pds", "type"], "dialer.task"],
  ["dialer.task/vendor-example.json", ["pds", "body"], "dialer.task"],
  ["dialer.task.bare/running.json", ["type"], "dialer.task"],
  ["dialer.task.bare/running.json", ["body"], "dialer.task"],
];

for (const [file, path, type] of needed) {
  for (const [what, payload] of [
    ["without", without(file, ...path)],
    ["with null in", withValue(file, path, null)],
  ] as const) {
    test(`${file} ${what} ${path.join(".")} is quarantined as ${type}`, async () => {
      assert.equal(identify(payload), type);
      const receiver = airudder({ key: KEY });
      const quarantined: string[] = [];
      receiver.on("*", () => assert.fail("no handler of the type may get it"));
      receiver.on("quarantined", (push) => void quarantined.push(push.type));
      assert.equal((await receiver.fetch(webRequest(payload))).status, 200);
      assert.deepEqual(quarantined, [type]);
    });
  }
}

for (const [word, file, type] of [
  ["AgentsStatus", "dialer.agent", "dialer.agent"],
  ["ContactsStatus", "dialer.contact", "dialer.contact"],
] as const) {
  test(`the plural ${word}, as in the vendor's title, is quarantined as ${type}, with or without a body`, async () => {
    const receiver = airudder({ key: KEY });
    const quarantined: unknown[] = [];
    receiver.on("quarantined", (push) => void quarantined.push([push.type, push.drift.map(({ path }) => path)]));
    for (const payload of [
      withValue(`${file}/${file === "dialer.agent" ? "hangup" : "busy-reconstructed"}.json`, ["pds", "type"], word),
      { type: word, body: {} },
    ]) {
      assert.equal(identify(payload), type);
      assert.equal((await receiver.fetch(webRequest(payload))).status, 200);
    }
    const [wrapped, bare] = quarantined as [string, string[]][];
    assert.deepEqual(wrapped, [type, ["/pds/type"]]);
    assert.equal(bare?.[0], type);
    assert.ok(bare?.[1].includes("/type"));
  });
}

test("a dialer push whose type and body identify nothing is unknown, unless the mount states the type", async () => {
  for (const payload of [
    { pds: null },
    { pds: {} },
    { pds: { body: {} } },
    { pds: { type: "TaskStatuses", body: {} } },
  ]) {
    const push = { ...sample("dialer.task/vendor-example.json"), ...payload };
    assert.equal(identify(push), "unknown");
    const receiver = airudder({ type: "dialer.task" });
    const quarantined: string[] = [];
    receiver.on("quarantined", ({ type }) => void quarantined.push(type));
    await receiver.fetch(webRequest(push));
    assert.deepEqual(quarantined, ["dialer.task"]);
  }
});

test("a push that could be of two types once a field is missing is unknown", () => {
  const { type: _, ...agent } = sample("dialer.agent.bare/hangup.json");
  assert.equal(identify({ ...agent, node_id: "n", node_name: "n" }), "unknown");
});

test("a push with one renamed field keeps its type", () => {
  const { actions, ...status } = sample("workflow.status/with-task.json");
  assert.equal(identify({ ...status, nodes: actions }), "workflow.status");
  const { rows, ...list } = sample("workflow.list.completed/case-id-first.json");
  assert.equal(identify({ ...list, nodes: rows }), "workflow.list.completed");
});

test("a session_end_reason alone does not make a chatbot push", () => {
  assert.equal(identify({ session_end_reason: "robot" }), "unknown");
});

test("a payload of no known shape is unknown", () => {
  for (const payload of [
    {},
    [],
    { pds: {} },
    { type: "Task" },
    { body: {} },
    { TaskID: "" },
    { Sign: "" },
    { callee: {} },
  ])
    assert.equal(identify(payload), "unknown", JSON.stringify(payload));
  assert.equal(identify(JSON.parse('{"__proto__":{"TaskID":"","Sign":""}}')), "unknown");
});

const samples = catalogue
  .filter((schema) => schema.identify.length > 0)
  .flatMap(({ type, samples: files }) => files.map((file) => ({ type, payload: sample(file) })));

test("fields that several types share never identify a type", () => {
  const shared = [
    "workflow_id",
    "workflow_name",
    "nodetask_id",
    "nodetask_name",
    "timestamp",
    "callee",
    "channel",
    "task_id",
  ];
  fc.assert(
    fc.property(fc.subarray(shared), fc.jsonValue({ maxDepth: 1 }), (names, value) => {
      assert.equal(identify(Object.fromEntries(names.map((name) => [name, value]))), "unknown");
    }),
  );
});

test("a push that loses up to three fields, or gets unknown fields, never becomes one of another type", () => {
  const losses = fc.array(fc.record({ place: fc.nat(300), toNull: fc.boolean() }), { maxLength: 3 });
  const strange = fc.dictionary(fc.string({ minLength: 12 }), fc.jsonValue({ maxDepth: 1 }), { maxKeys: 3 });
  fc.assert(
    fc.property(fc.constantFrom(...samples), losses, strange, ({ type, payload }, lost, added) => {
      const changed = { ...structuredClone(payload), ...added };
      for (const { place, toNull } of lost) {
        const places = placesIn(changed);
        const [holder, key] = places[place % places.length] ?? [];
        if (holder === undefined || key === undefined) break;
        if (toNull) holder[key] = null;
        else delete holder[key];
      }
      assert.ok([type, "unknown"].includes(identify(changed)), `${type} became ${identify(changed)}`);
    }),
    { numRuns: 3000 },
  );
});

function placesIn(value: unknown): [Json, string][] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(
    ([key, child]) => [[value as Json, key], ...placesIn(child)] as [Json, string][],
  );
}
