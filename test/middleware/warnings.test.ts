import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { redact } from "../../middleware/src/observe/redact.js";
import { makeFolder } from "../helpers/folder.js";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** What a program prints on standard error. Each program has its own process, because warnings are limited per process. */
function run(t: TestContext, program: string): string {
  const head = `
    import { airudder, fileInbox } from "airudder-webhooks";
    import { samplePush, signedRequest } from "airudder-webhooks/testing";
    const dir = ${JSON.stringify(makeFolder(t))};
    const send = (receiver, payload = samplePush("call.completed"), headers = {}) =>
      receiver.fetch(new Request("http://a.test/", { ...signedRequest(payload, { key: "k" }), headers: { "content-type": "application/json", ...headers } }));
    const settle = () => new Promise((resolve) => setTimeout(resolve, 100));
  `;
  const { stderr, status } = spawnSync(
    process.execPath,
    ["--import", "tsx", "--input-type=module", "-e", head + program],
    {
      cwd: root,
      encoding: "utf8",
    },
  );
  assert.equal(status, 0, stderr);
  return stderr;
}

for (const [mode, options] of [
  ["direct mode", ""],
  ["an inbox", ", inbox: fileInbox(dir, { retries: 0 })"],
]) {
  test(`a failing handler is reported on standard error: type, id, attempt, class, code, stack, no payload value: ${mode}`, (t) => {
    const stderr = run(
      t,
      `
      const receiver = airudder({ key: "k", token: false, observe: () => undefined ${options} });
      receiver.on("call.completed", function save({ payload }) {
        const { CalleeName, CalleeNumber } = payload.Details[0];
        throw Object.assign(new RangeError("no room for " + CalleeName + " at " + CalleeNumber + ", try +1 (555) 010-9999 or a@b.example"), { code: "E_ROOM" });
      });
      await send(receiver, samplePush("call.completed", { Details: [{ CalleeName: "Siti Rahayu", CalleeNumber: "+62812000000" }] }));
      await settle();
      await receiver.close();
    `,
    );
    assert.match(
      stderr,
      /\[AIRUDDER_HANDLER_FAILED\].*call\.completed.*push \w{20,}, attempt 1: RangeError \[E_ROOM\]: no room for \[value\] at \[value\], try \[phone\] or \[email\]/,
    );
    assert.match(stderr, /\n\s+at .*save/);
    assert.doesNotMatch(stderr, /Siti|812000000|555|b\.example/);
    assert.equal(/AIRUDDER_DEAD/.test(stderr), mode === "an inbox");
  });
}

for (const [what, payload, expected] of [
  [
    "a wrong signature",
    'samplePush("call.completed", { Sign: "0".repeat(32) })',
    /401 bad_sign\. Another key was used/,
  ],
  [
    "the published key",
    'samplePush("call.completed")',
    /401 bad_sign\. The push was signed with the vendor's published key/,
  ],
  ["no signature", 'samplePush("call.completed", { Sign: undefined })', /401 missing_sign\. /],
] as const) {
  test(`a push with ${what} is reported on standard error with the likely cause`, (t) => {
    const stderr = run(
      t,
      `
      const receiver = airudder({ key: "own", token: false });
      await receiver.fetch(new Request("http://a.test/", { method: "POST", body: JSON.stringify(${payload}), headers: { "content-type": "application/json" } }));
    `,
    );
    assert.match(stderr, expected);
  });
}

test("a mount without a token is reported once; token: false silences the warning", (t) => {
  const stderr = run(t, 'airudder({ key: "k" }); airudder({ key: "k" }); airudder({ key: "k", token: undefined });');
  assert.equal(stderr.match(/AIRUDDER_NO_TOKEN/g)?.length, 1);
  assert.equal(run(t, 'airudder({ key: "k", token: false }); airudder({ key: "k", token: "t" });'), "");
});

test("warnings: false silences every warning", (t) => {
  const stderr = run(
    t,
    `
    const receiver = airudder({ warnings: false, inbox: fileInbox(dir, { retries: 0 }) });
    receiver.on("call.completed", () => { throw new Error("broken"); });
    await send(receiver);
    await send(receiver, samplePush("call.completed", { Sign: "wrong" }));
    await settle();
    await receiver.close();
  `,
  );
  assert.equal(stderr, "");
});

test("at most ten warnings a minute are printed, seven of one code, then one that counts the rest", (t) => {
  const stderr = run(
    t,
    `
    const receiver = airudder({ key: "k", token: false });
    receiver.on("call.completed", () => { throw new Error("broken"); });
    const { setTimeout: real } = globalThis;
    let report;
    globalThis.setTimeout = (run, ms, ...rest) => { if (ms === 60_000) report = run; return real(run, ms, ...rest); };
    for (let i = 0; i < 25; i++) await send(receiver, samplePush("call.completed"));
    await settle();
    report();
    await settle();
  `,
  );
  assert.equal(stderr.match(/AIRUDDER_HANDLER_FAILED/g)?.length, 7);
  assert.match(stderr, /not printed in the last minute: 18\./);
});

test("a flood of forged pushes leaves room for the warning of a failing handler", (t) => {
  const stderr = run(
    t,
    `
    const receiver = airudder({ key: "k", token: false });
    receiver.on("call.completed", () => { throw new Error("broken"); });
    for (let i = 0; i < 50; i++)
      await receiver.fetch(new Request("http://a.test/", { method: "POST", body: JSON.stringify(samplePush("call.completed", { Sign: "0".repeat(32) })), headers: { "content-type": "application/json" } }));
    await send(receiver);
    await settle();
  `,
  );
  assert.match(stderr, /AIRUDDER_HANDLER_FAILED/);
});

test("a handler for a type that this mount never identifies is reported", (t) => {
  const stderr = run(
    t,
    `
    airudder({ key: "k", token: false }).on("waba.message.status", () => undefined);
    airudder({ key: "k", token: false, type: "dialer.task" }).on("dialer.agent", () => undefined);
    airudder({ key: "k", token: false, type: "waba.message.status" }).on("waba.message.status", () => undefined);
  `,
  );
  assert.match(
    stderr,
    /receiver\.on\("waba\.message\.status"\) never runs on this mount.*airudder\(\{ type: "waba\.message\.status" \}\)/,
  );
  assert.match(
    stderr,
    /receiver\.on\("dialer\.agent"\) never runs: all pushes of this mount have the type dialer\.task/,
  );
  assert.equal(stderr.match(/UNREACHABLE/g)?.length, 2);
});

test("a push of a type without a handler is reported once for each type", (t) => {
  const stderr = run(
    t,
    `
    const receiver = airudder({ key: "k", token: false }).on("dialer.task", () => undefined);
    for (let i = 0; i < 3; i++) await send(receiver, samplePush("call.completed"));
    await send(receiver, samplePush("dialer.agent"));
    await settle();
  `,
  );
  assert.deepEqual(stderr.match(/Pushes of type \S+ are ignored/g), [
    "Pushes of type call.completed are ignored",
    "Pushes of type dialer.agent are ignored",
  ]);
});

test("redaction removes every payload value of four or more characters from a message that quotes it", () => {
  const value = fc.oneof(
    fc.string({ minLength: 4 }),
    fc.integer({ min: 1000 }),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
  );
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.oneof(value, fc.array(value))), (payload) => {
      const values = Object.values(payload).flat().map(String);
      const redacted = redact(`before ${values.join(" and ")} after`, payload);
      for (const text of values) {
        if (text.trim().length >= 4 && !"[value] [phone] [email] before and after".includes(text.trim()))
          assert.ok(!redacted.includes(text), `${JSON.stringify(text)} in ${JSON.stringify(redacted)}`);
      }
    }),
  );
});

for (const [text, payload, expected] of [
  ["state E of row 12", { Intention: "E", n: 12 }, "state [value] of row [value]"],
  ["Everything", { Intention: "E" }, "Everything"],
  ["call +62 812-0000-0001 now", {}, "call [phone] now"],
  ["id 0a1b2c3d4e5f60718293a4b5c6d7e8f9", {}, "id 0a1b2c3d4e5f60718293a4b5c6d7e8f9"],
  ["mail to siti@example.co.id", {}, "mail to [email]"],
  ["no SITI RAHAYU, no Rahayu", { name: "Siti Rahayu" }, "no [value], no [value]"],
  ["note: my husband lost", { note: "my husband lost his job in may, so I cannot pay" }, "note: [value]"],
  ["to jane.doe%40example.com", { mail: "jane.doe@example.com" }, "to [value]"],
  ["ends with 0001", { phone: "+62 812-0000-0001" }, "ends with [value]"],
  ["key 628120000001", { "628120000001": 1 }, "key [value]"],
] as const) {
  test(`redaction: ${JSON.stringify(text)} becomes ${JSON.stringify(expected)}`, () => {
    assert.equal(redact(text, payload), expected);
  });
}
