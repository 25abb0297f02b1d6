import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type CallDetailLike,
  callTimes,
  dialerBody,
  hangupReason,
  identify,
  isAnswered,
  phone,
  subject,
  talkSeconds,
  transcript,
} from "airudder-webhooks";
import { samplePush } from "airudder-webhooks/testing";
import fc from "fast-check";
import { sample } from "../../helpers/push.js";

const detail = samplePush("call.completed").Details[0] as NonNullable<
  ReturnType<typeof samplePush<"call.completed">>["Details"][0]
>;

test("callTimes: the vendor's example, whose redial lies before the call only when it is read as UTC+7", () => {
  const [vendors] = (sample("call.completed/vendor-example.json") as { Details: CallDetailLike[] }).Details;
  assert.ok(vendors);
  const expected = { start: new Date("2024-03-11T03:20:30Z"), end: new Date("2024-03-11T03:20:56Z") };
  assert.deepEqual(callTimes(vendors), { ...expected, redials: [undefined] });
  for (const zone of ["+07:00", "Asia/Jakarta"]) {
    assert.deepEqual(callTimes(vendors, { zone }), { ...expected, redials: [new Date("2024-03-11T03:19:27Z")] });
  }
});

const times: [string, string | undefined, string | undefined][] = [
  ["2024-03-11T03:20:30Z", undefined, "2024-03-11T03:20:30.000Z"],
  ["2024-03-11T10:20:30+07:00", undefined, "2024-03-11T03:20:30.000Z"],
  ["2024-03-11 10:19:27", undefined, undefined],
  ["2024-03-11 10:19:27", "+0530", "2024-03-11T04:49:27.000Z"],
  ["2024-03-11 10:19:27", "America/New_York", "2024-03-11T14:19:27.000Z"],
  ["2024-03-10 01:30:00", "America/New_York", "2024-03-10T06:30:00.000Z"],
  ["2024-03-10 03:30:00", "America/New_York", "2024-03-10T07:30:00.000Z"],
  ["2024-13-45T99:99:99Z", undefined, undefined],
  ["2024-02-30T00:00:00Z", undefined, undefined],
  ["2024-02-30 10:19:27", "+07:00", undefined],
  ["2024-03-11 24:00:00", "+07:00", undefined],
  ["2024-02-29 10:19:27", "+07:00", "2024-02-29T03:19:27.000Z"],
  ["", "UTC", undefined],
  ["null", "UTC", undefined],
];
for (const [text, zone, expected] of times) {
  test(`callTimes: "${text}" in zone ${zone} is ${expected}`, () => {
    assert.equal(callTimes({ CallStartTime: text }, zone === undefined ? {} : { zone }).start?.toISOString(), expected);
  });
}

test("callTimes: a zone that does not exist is refused with a right one", () => {
  assert.throws(
    () => callTimes({ CallStartTime: "2024-03-11 10:19:27" }, { zone: "Mars/Base" }),
    /zone "Mars\/Base" does not exist\. .*Asia\/Jakarta/,
  );
  for (const zone of ["Mars/Base", "+99:99", ""]) assert.throws(() => callTimes({}, { zone }), /does not exist/);
});

test("talkSeconds: the time between connection and end, undefined where one is missing or they are in the wrong order", () => {
  assert.equal(talkSeconds(detail), 26);
  assert.equal(talkSeconds({ ...detail, CallEndTime: "" }), undefined);
  assert.equal(talkSeconds({ CallStartTime: detail.CallEndTime, CallEndTime: detail.CallStartTime }), undefined);
});

test("transcript: what was said, in order; empty entries and repeated times do no harm", () => {
  const AsrResult = [
    { time: "00:00:03", robottext: "c", text: "" },
    { time: "00:00:00", robottext: "a", text: "b" },
    { time: "00:00:03", robottext: "", text: "d" },
    { time: "00:00:09", robottext: "", text: " " },
  ];
  assert.deepEqual(transcript({ AsrResult }), [
    { at: 0, speaker: "robot", text: "a" },
    { at: 0, speaker: "callee", text: "b" },
    { at: 3, speaker: "robot", text: "c" },
    { at: 3, speaker: "callee", text: "d" },
  ]);
  assert.deepEqual(transcript({}), []);
  assert.deepEqual(
    transcript({
      AsrResult: [
        { time: "?", text: "b" },
        { time: "00:00:00", text: "a" },
      ],
    }).map(({ at, text }) => [at, text]),
    [
      [undefined, "b"],
      [0, "a"],
    ],
  );
});

const answered: [string, CallDetailLike, boolean | undefined][] = [
  ["the callee spoke", { AsrResult: [{ time: "00:00:01", text: "Yes?" }] }, true],
  ["a round of talk", { TalkRound: 1 }, true],
  [
    "finished, rang normally, connected",
    { Status: "finished", RingType: "normal", CallStartTime: "2024-03-11T03:20:30Z" },
    true,
  ],
  ["busy", { Status: "finished", RingType: "busy", CallStartTime: "" }, false],
  ["rang normally, never connected", { Status: "finished", RingType: "normal", CallStartTime: "" }, undefined],
  ["ring type null", { Status: "finished", RingType: null, CallStartTime: "2024-03-11T03:20:30Z" }, undefined],
  ['ring type "null"', { RingType: "null" }, undefined],
  ["hung up by the robot, as never connected calls say", { RingType: "", TalkRound: 0 }, undefined],
  ["only the robot spoke", { AsrResult: [{ time: "00:00:01", robottext: "Hello?" }] }, undefined],
];
for (const [what, call, expected] of answered) {
  test(`isAnswered: ${what}: ${expected}`, () => assert.equal(isAnswered(call), expected));
}

const reasons: [unknown, string | undefined][] = [
  [3, "busy"],
  ["3", "busy"],
  [0, "unknown"],
  [16, "voicemail"],
  [10, undefined],
  [99, undefined],
  ["", undefined],
  [null, undefined],
  ["constructor", undefined],
];
for (const [code, expected] of reasons)
  test(`hangupReason(${JSON.stringify(code)}) is ${expected}`, () => assert.equal(hangupReason(code), expected));

const hex = "9c1d7e20a4b84f6d8e3301f2aa55c7b1";
const subjects = [
  [
    "call.completed/answered.json",
    {
      workflow: hex,
      node: "77aa0c4be19d4d3f9e2b6d10f3c8a452",
      task: "0f1e2d3c4b5a69788796a5b4c3d2e1f0",
      call: "c0ffee00c0ffee00c0ffee00c0ffee00",
      case: "900001.0",
      phone: "+62000000001",
    },
  ],
  [
    "dialer.agent/hangup.json",
    {
      workflow: hex,
      node: "77aa0c4be19d4d3f9e2b6d10f3c8a452",
      task: "aa11bb22cc33dd44ee55ff6600778899",
      call: "c0ffee00c0ffee00c0ffee00c0ffee00",
      agent: "agent01",
      phone: "+62000000001",
    },
  ],
  [
    "dialer.agent.bare/hangup.json",
    {
      task: "aa11bb22cc33dd44ee55ff6600778899",
      call: "c0ffee00c0ffee00c0ffee00c0ffee00",
      agent: "agent01",
      phone: "+62000000001",
    },
  ],
  ["custom_node.push/reached.json", { workflow: hex, node: "n-0001", case: "case-0001", phone: "+62000000001" }],
  [
    "chatbot.session.ended/closed.json",
    {
      workflow: hex,
      node: "77aa0c4be19d4d3f9e2b6d10f3c8a452",
      task: "aa11bb22cc33dd44ee55ff6600778899",
      call: "c0ffee00c0ffee00c0ffee00c0ffee00",
      phone: "+62000000001",
    },
  ],
  ["workflow.list.completed/case-id-first.json", { workflow: hex, case: "case-0001", phone: "+62000000001" }],
] as const;
for (const [file, expected] of subjects) {
  test(`subject: the ids of ${file} under one name`, () => {
    const payload = sample(file);
    const { key, ...ids } = subject({ type: identify(payload), payload });
    assert.deepEqual(ids, expected);
    assert.ok(key);
    assert.equal(phone({ type: identify(payload), payload }), expected.phone);
  });
}

test("dialerBody: the same for both forms", () => {
  assert.equal(
    dialerBody(samplePush("dialer.task", {}, { seed: 1 })).taskId,
    dialerBody(samplePush("dialer.task", {}, { seed: 1, form: "bare" })).taskId,
  );
});

test("no helper throws, whatever a push with drift holds", () => {
  const anything = fc.record({
    CallStartTime: fc.anything(),
    CallEndTime: fc.anything(),
    Status: fc.anything(),
    RingType: fc.anything(),
    TalkRound: fc.anything(),
    AsrResult: fc.anything(),
    RedailCall: fc.anything(),
  });
  fc.assert(
    fc.property(anything, fc.object(), (call, payload) => {
      for (const read of [callTimes, talkSeconds, transcript, isAnswered] as ((detail: CallDetailLike) => unknown)[])
        read(call as CallDetailLike);
      subject({ type: "call.completed", payload });
      phone({ type: "unknown", payload });
    }),
  );
});
