import assert from "node:assert/strict";
import { test } from "node:test";
import { endToEndHeaders, forwardedHeaders } from "../../../devproxy/src/http/index.js";

/** The headers of an imported push, whose names are as its sender wrote them. */
const IMPORTED = {
  Host: "old.example.com",
  Connection: "X-Hop",
  "X-Hop": "1",
  "Transfer-Encoding": "chunked",
  "Content-Length": "5",
  "Airudder-Replay": "1",
  "Airudder-Outcome": "{}",
  "Airudder-Test-Push": "trigger token",
  "Airudder-Token": "old-token",
  "Content-Type": "application/json",
  "x-kept": "a",
  "X-Kept": "b",
};

test("names in any case: connection and internal headers are removed, other names are in lower case", () => {
  assert.deepEqual(endToEndHeaders(IMPORTED), {
    host: "old.example.com",
    "airudder-token": "old-token",
    "content-type": "application/json",
    "x-kept": ["a", "b"],
  });
});

test("names in any case: the proxy's own headers replace those of the push", () => {
  const request = { method: "POST", host: "localhost:3000", size: 2, replay: "id", token: "new-token" };
  assert.deepEqual(forwardedHeaders(IMPORTED, request), {
    host: "localhost:3000",
    "x-forwarded-host": "old.example.com",
    "airudder-devproxy": "1",
    "airudder-replay": "id",
    "airudder-token": "new-token",
    "content-length": "2",
    "content-type": "application/json",
    "x-kept": ["a", "b"],
  });
});
