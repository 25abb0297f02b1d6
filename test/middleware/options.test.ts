import assert from "node:assert/strict";
import { test } from "node:test";
import { AirudderError, type AirudderOptions, airudder, type FileInboxOptions, fileInbox } from "airudder-webhooks";
import { makeFolder } from "../helpers/folder.js";

const wrong: [string, unknown, RegExp][] = [
  ["an empty key", { key: "" }, /option "key" must be a non-empty string/],
  ["no keys", { key: [] }, /option "key"/],
  ["a key that is no string", { key: [1] }, /option "key"/],
  ["an empty token", { token: "" }, /option "token"/],
  ["an inbox that is none", { inbox: {} }, /option "inbox" must be an inbox, such as fileInbox/],
  [
    "an inbox that cannot be consumed",
    { inbox: { open() {}, put() {}, close() {} } },
    /option "inbox" must be an inbox/,
  ],
  ["an unknown type", { type: "call.complete" }, /option "type" must be one of call\.completed/],
  ["an unknown policy", { verify: "yes" }, /option "verify" must be "required"/],
  ["a verifier that is no function", { verifyHeaderSign: "md5" }, /option "verifyHeaderSign" must be a function/],
  ["allowReplays as text", { allowReplays: "no" }, /option "allowReplays" must be true or false/],
  ["a limit of 0 bytes", { maxBodyBytes: 0 }, /option "maxBodyBytes" must be a number from 1/],
  ["a limit that is no number", { deadlineMs: "8s" }, /option "deadlineMs"/],
  ["an observer that is no function", { observe: {} }, /option "observe"/],
  ["an unknown option", { secret: "a" }, /unknown option "secret"\. Options: key, token/],
  ["no options object", null, /option "options"/],
  ["a list of options", [], /option "options"/],
];
for (const [what, options, message] of wrong) {
  test(`airudder() refuses ${what}, and says what is right`, () => {
    assert.throws(
      () => airudder(options as AirudderOptions),
      (error: AirudderError) =>
        error instanceof AirudderError && error.code === "invalid_option" && message.test(error.message),
    );
  });
}

const wrongInboxes: [string, unknown, unknown, RegExp][] = [
  ["no folder", "", {}, /the folder must be a non-empty string/],
  ["no options object", "x", null, /options must be an object, such as \{ concurrency: 8 \}/],
  ["text as options", "x", "y", /options must be an object/],
  ["an option of every object", "x", { constructor: 1 }, /unknown option "constructor"\. Options: concurrency/],
  ["a number as text", "x", { concurrency: "8" }, /option "concurrency" must be a whole number from 1, such as 16/],
];
for (const [what, folder, options, message] of wrongInboxes) {
  test(`fileInbox() refuses ${what}, and says what is right`, () => {
    assert.throws(
      () => fileInbox(folder as string, options as FileInboxOptions),
      (error: AirudderError) => error.code === "invalid_option" && message.test(error.message),
    );
  });
}

test("an inbox belongs to one receiver, because a second would consume pushes without their handlers", async (t) => {
  const inbox = fileInbox(makeFolder(t));
  const receiver = airudder({ key: "k", inbox });
  await receiver.ready();
  assert.throws(() => airudder({ key: "k", inbox }), /option "inbox" must be an inbox that no other receiver uses/);
  await receiver.close();
});

test("receiver.on() refuses an unknown type and what is no function", () => {
  const receiver = airudder({ key: "k" });
  assert.throws(
    () => receiver.on("call.complete" as "*", () => {}),
    /unknown type "call\.complete"\. Types: .*call\.completed/,
  );
  assert.throws(() => receiver.on("*", undefined as never), /the handler must be a function/);
});

test("without a key, one warning says that anybody can sign pushes with the public default", async () => {
  const warned = new Promise<Error & { code?: string }>((resolve) => process.once("warning", resolve));
  airudder();
  airudder();
  const { code, message } = await warned;
  assert.equal(code, "AIRUDDER_DEFAULT_KEY");
  assert.match(message, /anybody can sign pushes/);
});
