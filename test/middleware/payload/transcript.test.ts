import assert from "node:assert/strict";
import { test } from "node:test";
import { transcript } from "airudder-webhooks";

test("transcript: if one time is missing, the turns keep the order of the payload", () => {
  const AsrResult = [
    { time: "00:00:09", text: "a" },
    { time: "00:00:01", text: "b" },
    { text: "c" },
    { time: "00:00:00", text: "d" },
  ];
  assert.deepEqual(
    transcript({ AsrResult }).map(({ at, text }) => [at, text]),
    [
      [9, "a"],
      [1, "b"],
      [undefined, "c"],
      [0, "d"],
    ],
  );
});
