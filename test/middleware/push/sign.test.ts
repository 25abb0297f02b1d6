import assert from "node:assert/strict";
import { timingSafeEqual } from "node:crypto";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { type AirudderEvent, airudder, sign, verifySign } from "airudder-webhooks";
import express from "express";
import fc from "fast-check";
import { callCompleted, KEY, post, sample, webRequest } from "../../helpers/push.js";

const vectors: [string, string | undefined, string][] = [
  ["ac23fa05005e59b92e0b8a19fa5faf07", "airudder", "4d6017151d678e816c678d90e56e6e28"],
  ["ac23fa05005e59b92e0b8a19fa5faf07", undefined, "4d6017151d678e816c678d90e56e6e28"],
  ["0f1e2d3c4b5a69788796a5b4c3d2e1f0", "s3cret-key", "79354f9fbad649c2057d90c0f55569c5"],
  ["0f1e2d3c4b5a69788796a5b4c3d2e1f0", "airudder", "f72ca05228ee99eceec874a6b14fbc49"],
];
for (const [taskId, key, expected] of vectors) {
  test(`sign(${taskId}, ${key}) is ${expected}`, () => {
    assert.equal(sign(taskId, key), expected);
    assert.equal(verifySign({ TaskID: taskId, Sign: expected }, key), true);
  });
}

test("verifySign accepts one key or several, and hex in either case", () => {
  const payload = { TaskID: "t", Sign: sign("t", "new") };
  assert.equal(verifySign(payload, ["old", "new"]), true);
  assert.equal(verifySign({ ...payload, Sign: payload.Sign.toUpperCase() }, "new"), true);
  assert.equal(verifySign(payload, ["old", "older"]), false);
});

test("verifySign returns false for anything but a correct Sign, and never throws", () => {
  fc.assert(
    fc.property(fc.record({ TaskID: fc.anything(), Sign: fc.anything() }), (payload) => {
      fc.pre(!(typeof payload.TaskID === "string" && payload.Sign === sign(payload.TaskID, "k")));
      assert.equal(verifySign(payload, "k"), false);
    }),
  );
});

async function take(options: Parameters<typeof airudder>[0], payload: object, headers: Record<string, string> = {}) {
  const events: AirudderEvent[] = [];
  const receiver = airudder({ observe: (event) => events.push(event), ...options });
  let verified: boolean | undefined;
  receiver.on("*", (push) => {
    verified = push.verified;
  });
  const { status } = await receiver.fetch(webRequest(payload, headers));
  return { status, verified, event: events[0] };
}

const policies: ["required" | "if-present" | "off", string, object, number, boolean | undefined][] = [
  ["required", "correct", callCompleted(), 200, true],
  ["required", "missing", callCompleted({ Sign: undefined }), 401, undefined],
  ["required", "wrong", callCompleted({ Sign: "x" }), 401, undefined],
  ["if-present", "correct", callCompleted(), 200, true],
  ["if-present", "missing", callCompleted({ Sign: undefined }), 200, false],
  ["required", "null", callCompleted({ Sign: null }), 401, undefined],
  ["if-present", "null", callCompleted({ Sign: null }), 200, false],
  ["if-present", "wrong", callCompleted({ Sign: "x" }), 401, undefined],
  ["off", "wrong", callCompleted({ Sign: "x" }), 200, false],
  ["off", "missing", callCompleted({ Sign: undefined }), 200, false],
];
for (const [verify, what, payload, status, verified] of policies) {
  test(`verify "${verify}", Sign ${what}: ${status}, verified ${verified}`, async () => {
    const taken = await take({ key: KEY, verify }, payload);
    assert.deepEqual([taken.status, taken.verified], [status, verified]);
  });
}

const hints: [string, string | string[], object, RegExp][] = [
  ["white space around the key", `${KEY}\n`, callCompleted(), /white space/],
  [
    "the vendor's published key",
    "another",
    callCompleted({ Sign: sign(String(callCompleted().TaskID), "airudder") }),
    /published key/,
  ],
  ["a masked Sign", KEY, callCompleted({ Sign: "a39xxxx" }), /not an MD5 hash/],
  ["several keys", ["a", "b"], callCompleted(), /None of the 2 keys/],
  ["another key", "another", callCompleted(), /Another key/],
  ["no TaskID", KEY, callCompleted({ TaskID: 5, Sign: "0" }), /TaskID/],
];
for (const [what, key, payload, hint] of hints) {
  test(`a wrong Sign: the hint, but not the response, names ${what}`, async () => {
    const { event } = await take({ key }, payload);
    assert.equal(event?.event, "rejected");
    assert.match(event?.event === "rejected" ? String(event.hint) : "", hint);
  });
}

const headerSign: [string, Record<string, string>, boolean, number, boolean | undefined][] = [
  ["correct", { "x-airudder-sign": "good" }, true, 200, true],
  ["wrong", { "x-airudder-sign": "bad" }, true, 401, undefined],
  ["missing", {}, true, 401, undefined],
  ["unchecked", { "x-airudder-sign": "bad" }, false, 200, false],
];
for (const [what, headers, isChecked, status, verified] of headerSign) {
  test(`X-AIRudder-Sign ${what}: ${status}`, async () => {
    const options = isChecked
      ? { verifyHeaderSign: (value: string, raw: Buffer) => value === "good" && raw.length > 0 }
      : {};
    const taken = await take({ key: KEY, ...options }, sample("chatbot.session.ended/closed.json"), headers);
    assert.deepEqual([taken.status, taken.verified], [status, verified]);
  });
}

for (const returned of [Promise.resolve(false), Promise.resolve(true), Promise.reject(new Error("no")), "true", 1]) {
  test(`X-AIRudder-Sign: a verifier that returns ${typeof returned === "object" ? "a promise" : JSON.stringify(returned)} does not verify the push`, async () => {
    const verifyHeaderSign = () => returned as unknown as boolean;
    const headers = { "x-airudder-sign": "forged" };
    const taken = await take({ key: KEY, verifyHeaderSign }, sample("chatbot.session.ended/closed.json"), headers);
    assert.equal(taken.status, 401);
  });
}

const infoCheck: [string, object, number, boolean | undefined][] = [
  ["correct", { TaskID: "t", Sign: sign("t", KEY) }, 200, true],
  ["missing", { TaskID: "t" }, 200, false],
  ["null", { TaskID: "t", Sign: null }, 200, false],
  ["wrong", { TaskID: "t", Sign: "x" }, 401, undefined],
];
for (const [what, payload, status, verified] of infoCheck) {
  test(`an Info Check, whose Sign is inferred, with Sign ${what}: ${status}, verified ${verified}`, async () => {
    const taken = await take({ key: KEY, type: "call.completed.info_check" }, payload);
    assert.deepEqual([taken.status, taken.verified], [status, verified]);
  });
}

const headerOf = (event: AirudderEvent | undefined): string =>
  event?.event === "rejected" ? `${event.code}: ${event.hint}` : String(event?.event);

for (const [type, payload] of [
  [undefined, { of: "no known shape" }],
  ["waba.message.status", { of: "no known shape" }],
] as const) {
  test(`X-AIRudder-Sign of a push of unknown shape is verified, mount type ${type}`, async () => {
    const options = { key: KEY, verifyHeaderSign: (value: string) => value === "good", ...(type && { type }) };
    const right = await take(options, payload, { "x-airudder-sign": "good" });
    assert.deepEqual([right.status, right.verified], [200, true]);
    const wrong = await take(options, payload, { "x-airudder-sign": "bad" });
    assert.deepEqual([wrong.status, headerOf(wrong.event).slice(0, 8)], [401, "bad_sign"]);
    const none = await take(options, payload);
    assert.deepEqual([none.status, none.verified], [200, false]);
  });
}

for (const [what, thrown, named] of [
  ["timingSafeEqual on unequal lengths", undefined, /threw RangeError ERR_CRYPTO_TIMING_SAFE_EQUAL_LENGTH\./],
  ["an error with personal data in its message", new TypeError("+62000000001"), /threw TypeError\./],
  [
    "an error with personal data in its code",
    Object.assign(new Error(), { code: "call +62000000001" }),
    /threw Error\./,
  ],
  ["not an error", null, /threw a value that is not an error\./],
] as const) {
  test(`X-AIRudder-Sign: a verifier that throws (${what}) rejects the push with 401, and the hint names the error`, async () => {
    const verifyHeaderSign = (value: string) => {
      if (thrown === undefined) return timingSafeEqual(Buffer.from(value), Buffer.alloc(32));
      throw thrown;
    };
    const headers = { "x-airudder-sign": "short" };
    const taken = await take({ key: KEY, verifyHeaderSign }, sample("chatbot.session.ended/closed.json"), headers);
    assert.equal(taken.status, 401);
    assert.match(headerOf(taken.event), /^bad_sign: /);
    assert.match(headerOf(taken.event), named);
    assert.doesNotMatch(headerOf(taken.event), /62000000001/);
  });
}

for (const [what, verifyHeaderSign, status] of [
  ["confirms it", () => true, 200],
  ["does not confirm it", () => false, 500],
  [
    "throws",
    () => {
      throw new Error("no");
    },
    500,
  ],
] as const) {
  test(`X-AIRudder-Sign after express.json(): ${status} if the verifier ${what}`, async (t) => {
    const events: AirudderEvent[] = [];
    const app = express();
    app.use(express.json(), airudder({ key: KEY, verifyHeaderSign, observe: (event) => events.push(event) }));
    const server = app.listen(0);
    t.after(() => server.close());
    const { port } = server.address() as AddressInfo;
    const response = await post(`http://localhost:${port}/`, sample("chatbot.session.ended/closed.json"), {
      headers: { "x-airudder-sign": "s" },
    });
    assert.equal(response.status, status);
    if (status === 200) return;
    assert.match(
      headerOf(events.find(({ event }) => event === "rejected")),
      /^body_already_consumed: .*exact bytes.*mount/,
    );
  });
}
