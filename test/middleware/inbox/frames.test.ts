import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { encodeFrame, type Frame, FrameReader } from "../../../middleware/src/inbox/file/socket/frames.js";

const body = randomBytes(300);
const messages: [object, Buffer?][] = [
  [{ number: 1, text: "ä😀" }, body],
  [{ number: 2 }],
  [{ number: 3 }, body.subarray(7)],
];
const bytes = Buffer.concat(messages.flatMap(([head, sent]) => encodeFrame(head, sent)));

for (const size of [1, 7, 100, bytes.length]) {
  test(`messages between processes arrive with their exact bytes, in chunks of ${size} bytes`, () => {
    const reader = new FrameReader();
    const read: Frame[] = [];
    for (let start = 0; start < bytes.length; start += size)
      read.push(...reader.read(bytes.subarray(start, start + size)));
    assert.deepEqual(
      read,
      messages.map(([head, sent = Buffer.alloc(0)]) => ({ head, body: Buffer.from(sent) })),
    );
  });
}

test("a length that no message has is rejected before the bytes are kept", () => {
  assert.throws(() => new FrameReader().read(Buffer.alloc(8, 0xff)), /too large/);
});
