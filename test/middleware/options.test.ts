import assert from "node:assert/strict";
import { test } from "node:test";
import { AirudderError, type AirudderOptions, airudder, type FileInboxOptions, fileInbox } from "airudder-webhooks";
import { makeFolder } from "../helpers/folder.js";

const wrong: [string, unknown, RegExp][] = [
  ["an empty key", { key: "" }, /option "key" must be a non-empty string/],
  ["no keys", { key: [] }, /option "key"/],
  ["a key that is not a string", { key: [1] }, /option "key"/],
  ["an empty token", { token: "" }, /option "token"/],
  ["an inbox without functions", { inbox: {} }, /option "inbox" must be an inbox, such as fileInbox/],
  [
    "an inbox without a consume() function",
    { inbox: { open() {}, put() {}, close() {} } },
    /option "inbox" must be an inbox/,
  ],
  ["work as text", { work: "no", inbox: fileInbox("unused") }, /option "work" must be true or false/],
  ["work: false without an inbox", { work: false }, /option "work" must be true without an inbox: .* must be stored/],
  ["an unknown type", { type: "call.complete" }, /option "type" must be one of call\.completed/],
  ["an unknown policy", { verify: "yes" }, /option "verify" must be "required"/],
  ["a verifier that is not a function", { verifyHeaderSign: "md5" }, /option "verifyHeaderSign" must be a function/],
  ["allowReplays as text", { allowReplays: "no" }, /option "allowReplays" must be true or false/],
  ["a limit of 0 bytes", { maxBodyBytes: 0 }, /option "maxBodyBytes" must be a number from 1/],
  ["a limit that is not a number", { deadlineMs: "8s" }, /option "deadlineMs"/],
  ["an observer that is not a function", { observe: {} }, /option "observe"/],
  ["an unknown option", { secret: "a" }, /unknown option "secret"\. Options: key, token/],
  ["no options object", null, /the options must be an object/],
  ["a list of options", [], /the options must be an object/],
];
for (const [what, options, message] of wrong) {
  test(`airudder() rejects ${what}, and says what is valid`, () => {
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
  ["an option named constructor", "x", { constructor: 1 }, /unknown option "constructor"\. Options: concurrency/],
  ["a number as text", "x", { concurrency: "8" }, /option "concurrency" must be a whole number from 1 to 2147483647/],
];
for (const [what, folder, options, message] of wrongInboxes) {
  test(`fileInbox() rejects ${what}, and says what is valid`, () => {
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

test("receiver.on() rejects an unknown type, and a handler that is not a function", () => {
  const receiver = airudder({ key: "k" });
  assert.throws(
    () => receiver.on("call.complete" as "*", () => {}),
    /unknown type "call\.complete"\. Types: .*call\.completed/,
  );
  assert.throws(() => receiver.on("*", undefined as never), /the handler must be a function/);
});

test("without a key, one warning says that anybody can sign pushes with the published key", async () => {
  const warned = new Promise<Error & { code?: string }>((resolve) => process.once("warning", resolve));
  airudder();
  airudder();
  const { code, message } = await warned;
  assert.equal(code, "AIRUDDER_DEFAULT_KEY");
  assert.match(message, /anybody can sign pushes/);
});
