import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type CallDetailLike,
  callTimes,
  dialerBody,
  hangupReason,
  identify,
  isAnswered,
  newestState,
  phone,
  pushIds,
  pushTime,
  type StatePayload,
  stateTime,
  talkSeconds,
  transcript,
} from "airudder-webhooks";
import { samplePush } from "airudder-webhooks/testing";
import fc from "fast-check";
import { sample } from "../../helpers/push.js";

const detail = samplePush("call.completed").Details[0] as NonNullable<
  ReturnType<typeof samplePush<"call.completed">>["Details"][0]
>;

test("callTimes: the vendor's example, whose redial is before the call only if it is read as UTC+7", () => {
  const [vendors] = (sample("call.completed/vendor-example.json") as { Details: CallDetailLike[] }).Details;
  assert.ok(vendors);
  const expected = { start: new Date("2024-03-11T03:20:30Z"), end: new Date("2024-03-11T03:20:56Z") };
  assert.deepEqual(callTimes(vendors), { ...expected, redials: [undefined] });
  for (const zone of ["+07:00", "Asia/Jakarta"]) {
    assert.deepEqual(callTimes(vendors, { zone }), { ...expected, redials: [new Date("2024-03-11T03:19:27Z")] });
  }
});

test("callTimes: the docs state UTC for start and end, so the zone of the redials does not apply to them", () => {
  const call = {
    CallStartTime: "2024-03-11 03:20:30",
    CallEndTime: "2024-03-11T03:20:56",
    RedailCall: [{ CallStartTime: "2024-03-11 10:19:27" }],
  };
  const expected = { start: new Date("2024-03-11T03:20:30Z"), end: new Date("2024-03-11T03:20:56Z") };
  assert.deepEqual(callTimes(call), { ...expected, redials: [undefined] });
  assert.deepEqual(callTimes(call, { zone: "Asia/Jakarta" }), {
    ...expected,
    redials: [new Date("2024-03-11T03:19:27Z")],
  });
  assert.equal(talkSeconds(call), 26);
});

const times: [unknown, string | undefined, string | undefined][] = [
  ["2024-03-11T03:20:30Z", undefined, "2024-03-11T03:20:30.000Z"],
  ["2024-03-11T03:20:30Z", "Asia/Jakarta", "2024-03-11T03:20:30.000Z"],
  ["2024-03-11 03:20:30Z", undefined, "2024-03-11T03:20:30.000Z"],
  ["2024-03-11T03:20:30.5Z", undefined, "2024-03-11T03:20:30.500Z"],
  ["2024-03-11T03:20Z", undefined, "2024-03-11T03:20:00.000Z"],
  ["2024-03-11T10:20:30+07:00", undefined, "2024-03-11T03:20:30.000Z"],
  ["2024-03-11T10:20:30+0700", undefined, "2024-03-11T03:20:30.000Z"],
  ["2024-03-11T10:20:30+99:99", undefined, undefined],
  ["2024-03-11 10:19:27", undefined, undefined],
  ["2024-03-11 10:19:27", "+0530", "2024-03-11T04:49:27.000Z"],
  ["2024-03-11 10:19:27", "America/New_York", "2024-03-11T14:19:27.000Z"],
  ["2024-03-10 01:30:00", "America/New_York", "2024-03-10T06:30:00.000Z"],
  ["2024-03-10 02:30:00", "America/New_York", undefined],
  ["2024-03-10 03:30:00", "America/New_York", "2024-03-10T07:30:00.000Z"],
  ["2024-11-03 01:30:00", "America/New_York", "2024-11-03T05:30:00.000Z"],
  ["2024-03-31 02:30:00", "Europe/Berlin", undefined],
  ["2024-10-27 02:30:00", "Europe/Berlin", "2024-10-27T00:30:00.000Z"],
  ["2024-10-06 02:15:00", "Australia/Lord_Howe", undefined],
  ["2024-13-45T99:99:99Z", undefined, undefined],
  ["2024-02-30T00:00:00Z", undefined, undefined],
  ["2024-02-30 10:19:27", "+07:00", undefined],
  ["2024-03-11 24:00:00", "+07:00", undefined],
  ["2024-02-29 10:19:27", "+07:00", "2024-02-29T03:19:27.000Z"],
  ["0001-01-01 00:00:00", "Asia/Jakarta", undefined],
  ["0001-01-01T00:00:00Z", undefined, undefined],
  ["1970-01-01 00:00:00", "+07:00", undefined],
  ["2024-03-11", "UTC", undefined],
  ["", "UTC", undefined],
  ["null", "UTC", undefined],
  ["1736910056123", undefined, "2025-01-15T03:00:56.123Z"],
  ["1736910069", undefined, "2025-01-15T03:01:09.000Z"],
  [1736910069, undefined, "2025-01-15T03:01:09.000Z"],
  [1736910056123, undefined, "2025-01-15T03:00:56.123Z"],
  ["99999999999999", undefined, "5138-11-16T09:46:39.999Z"],
  ["20240311", undefined, undefined],
  [0, undefined, undefined],
  ["0", undefined, undefined],
  [26, undefined, undefined],
  [-1736910069, undefined, undefined],
  [1e300, undefined, undefined],
  [Number.NaN, undefined, undefined],
  [null, "UTC", undefined],
  [{}, "UTC", undefined],
];
for (const [value, zone, expected] of times) {
  test(`pushTime: ${JSON.stringify(value)} in zone ${zone} is ${expected}`, () => {
    assert.equal(pushTime(value, zone === undefined ? {} : { zone })?.toISOString(), expected);
  });
}

test("pushTime: the local time of a zone is read back as the same moment", () => {
  const zones = fc.constantFrom(
    "America/New_York",
    "Europe/London",
    "Asia/Jakarta",
    "Australia/Lord_Howe",
    "Africa/Casablanca",
    "Pacific/Apia",
  );
  const moments = fc.integer({ min: 0, max: 2_000_000_000 });
  fc.assert(
    fc.property(zones, moments, (zone, seconds) => {
      const moment = new Date(seconds * 1000);
      const shown = moment.toLocaleString("sv-SE", { timeZone: zone });
      if (shown < "1970-01-02") return;
      const read = pushTime(shown, { zone });
      assert.equal(read?.toLocaleString("sv-SE", { timeZone: zone }), shown);
      assert.ok((read?.getTime() ?? Number.POSITIVE_INFINITY) <= moment.getTime());
    }),
  );
});

test("pushTime reads every time of every sample", () => {
  const [call] = samplePush("call.completed").Details;
  const agent = dialerBody(samplePush("dialer.agent"));
  const chatbot = samplePush("chatbot.session.ended");
  const task = dialerBody(samplePush("dialer.task"));
  for (const value of [
    call?.CallStartTime,
    agent.timestamp,
    chatbot.timestamp,
    chatbot.session_end_time,
    task.startTime,
  ])
    assert.equal(pushTime(value)?.getUTCFullYear(), 2025, String(value));
  assert.equal(pushTime(call?.RedailCall?.[0]?.CallStartTime, { zone: "Asia/Jakarta" })?.getUTCFullYear(), 2025);
  assert.equal(pushTime(agent.holdTimestamp), undefined);
});

test("a zone that does not exist is rejected, and the message names a valid one", () => {
  assert.throws(
    () => pushTime("2024-03-11 10:19:27", { zone: "Mars/Base" }),
    /zone "Mars\/Base" does not exist\. .*Asia\/Jakarta/,
  );
  for (const zone of ["Mars/Base", "+99:99", ""]) {
    assert.throws(() => callTimes({}, { zone }), /does not exist/);
    assert.throws(() => pushTime("2024-03-11T03:20:30Z", { zone }), /does not exist/);
  }
});

test("talkSeconds: the time between connection and end, undefined if one is missing or they are in the wrong order", () => {
  assert.equal(talkSeconds(detail), 26);
  assert.equal(talkSeconds({ ...detail, CallEndTime: "" }), undefined);
  assert.equal(talkSeconds({ CallStartTime: detail.CallEndTime, CallEndTime: detail.CallStartTime }), undefined);
});

test("transcript: sorted by time; empty entries and repeated times are allowed", () => {
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
  [
    "finished, rang normally, connected in the year 1",
    { Status: "finished", RingType: "normal", CallStartTime: "0001-01-01 00:00:00" },
    undefined,
  ],
  ["rang normally, which a call that must be redialled does too", { RingType: "normal" }, undefined],
  ["a line on hold, which may be an answer", { Status: "finished", RingType: "holdline" }, undefined],
  ["notmatch, which is not documented", { Status: "finished", RingType: "notmatch" }, undefined],
  ["busy", { Status: "finished", RingType: "busy", CallStartTime: "" }, false],
  ["rang normally, never connected", { Status: "finished", RingType: "normal", CallStartTime: "" }, undefined],
  ["ring type null", { Status: "finished", RingType: null, CallStartTime: "2024-03-11T03:20:30Z" }, undefined],
  ['ring type "null"', { RingType: "null" }, undefined],
  ["hung up by the robot, which calls that never connected report too", { RingType: "", TalkRound: 0 }, undefined],
  ["only the robot spoke", { AsrResult: [{ time: "00:00:01", robottext: "Hello?" }] }, undefined],
];
for (const [what, call, expected] of answered) {
  test(`isAnswered: ${what}: ${expected}`, () => assert.equal(isAnswered(call), expected));
}

const reasons: [unknown, string | undefined][] = [
  [2, "ended normally, answered or not"],
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
  test(`pushIds: the ids of ${file} under common names`, () => {
    const payload = sample(file);
    const { subject: key, ...ids } = pushIds({ type: identify(payload), payload });
    assert.deepEqual(ids, expected);
    assert.ok(key);
    assert.equal(phone({ type: identify(payload), payload }), expected.phone);
  });
}

test("pushIds: the subject of an Info Check is its call, as for a call completion", () => {
  const about = (payload: object) => pushIds({ type: "call.completed.info_check", payload }).subject;
  assert.equal(about({ TaskID: "t", Details: [{ CallID: "c" }] }), "call.completed.info_check|t|c");
  assert.notEqual(
    about({ TaskID: "t", Details: [{ CallID: "c" }] }),
    about({ TaskID: "t", Details: [{ CallID: "d" }] }),
  );
});

test("pushIds: a call without a CallID is distinguished from other calls of its task by its field `id`", () => {
  for (const type of ["call.completed", "call.completed.info_check"] as const) {
    const about = (call: object) => pushIds({ type, payload: { TaskID: "t", Sign: "s", Details: [call] } }).subject;
    assert.equal(about({ id: 5 }), `${type}|t|5`);
    assert.equal(about({ id: 5, CallID: "" }), `${type}|t|5`);
    assert.equal(about({ id: 5, CallID: "c" }), `${type}|t|c`);
  }
});

test("pushIds: the subject of long ids consists of a prefix and a hash", () => {
  const about = (taskId: string) =>
    String(pushIds({ type: "dialer.task", payload: { pds: { type: "TaskStatus", body: { taskId } } } }).subject);
  const long = "x".repeat(1_000_000);
  assert.ok(about(long).length <= 256);
  assert.match(about(long), /^dialer\.task\|x+\|[0-9a-f]{64}$/);
  assert.equal(about(long), about(long));
  assert.notEqual(about(long), about(`${long.slice(1)}y`));
  assert.equal(about("x".repeat(200)), `dialer.task|${"x".repeat(200)}`);
});

test("dialerBody: the same for both forms", () => {
  assert.equal(
    dialerBody(samplePush("dialer.task", {}, { seed: 1 })).taskId,
    dialerBody(samplePush("dialer.task", {}, { seed: 1, form: "bare" })).taskId,
  );
});

const bodies: [string, object, unknown][] = [
  ["pds null beside a bare body", { type: "TaskStatus", pds: null, body: { state: "a" } }, { state: "a" }],
  ["pds empty beside a bare body", { type: "TaskStatus", pds: {}, body: { state: "a" } }, { state: "a" }],
  [
    "both, identified by the bare type",
    { type: "TaskStatus", body: { state: "a" }, pds: { type: "?", body: { state: "b" } } },
    { state: "a" },
  ],
  [
    "both, identified by the wrapped type",
    { type: "?", body: { state: "a" }, pds: { type: "TaskStatus", body: { state: "b" } } },
    { state: "b" },
  ],
  ["pds null", { pds: null }, undefined],
  ["a body that is not an object", { type: "TaskStatus", body: [1] }, undefined],
  ["nothing", {}, undefined],
];
for (const [what, payload, expected] of bodies)
  test(`dialerBody: ${what}`, () => assert.deepEqual(dialerBody(payload), expected));

const states: [string, (at: number) => StatePayload][] = [
  ["dialer.agent", (at) => samplePush("dialer.agent", { pds: { body: { timestamp: String(at * 1000) } } })],
  [
    "dialer.agent, bare",
    (at) => samplePush("dialer.agent", { body: { timestamp: String(at * 1000) } }, { form: "bare" }),
  ],
  ["dialer.contact", (at) => samplePush("dialer.contact", { pds: { body: { timestamp: String(at * 1000) } } })],
  ["chatbot.session.ended", (at) => samplePush("chatbot.session.ended", { timestamp: at })],
];
for (const [what, stateAt] of states) {
  test(`newestState: of ${what} the later timestamp wins, regardless of the order of arrival`, () => {
    const [older, newer, twin] = [1_736_910_000, 1_736_910_001, 1_736_910_001].map(stateAt) as [
      StatePayload,
      StatePayload,
      StatePayload,
    ];
    assert.equal(stateTime(newer)?.toISOString(), "2025-01-15T03:00:01.000Z");
    assert.equal(newestState(undefined, older), older);
    assert.equal(newestState(older, newer), newer);
    assert.equal(newestState(newer, older), newer);
    assert.equal(newestState(newer, twin), twin);
  });
}

test("newestState: a payload without a time never replaces one that has it", () => {
  const timed = samplePush("dialer.contact");
  const untimed = samplePush("dialer.contact", { pds: { body: { timestamp: "" } } });
  assert.equal(stateTime(untimed), undefined);
  assert.equal(newestState(timed, untimed), timed);
  assert.equal(newestState(untimed, timed), timed);
  assert.equal(newestState(untimed, untimed), untimed);
});

test("no helper throws, whatever a push with drift contains", () => {
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
      pushIds({ type: "call.completed", payload });
      phone({ type: "unknown", payload });
      dialerBody(payload);
      dialerBody({ ...payload, pds: call.RedailCall, body: call.AsrResult });
      stateTime({ pds: call.RedailCall, timestamp: call.CallStartTime } as unknown as StatePayload);
      pushTime(call.CallStartTime, { zone: "Asia/Jakarta" });
    }),
  );
});
