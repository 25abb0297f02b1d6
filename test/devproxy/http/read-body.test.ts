import assert from "node:assert/strict";
import { request as httpRequest } from "node:http";
import { test } from "node:test";
import { type BodyProblem, readBody } from "../../../devproxy/src/http/index.js";
import { serve } from "../../helpers/app.js";

const cases: [string, string[], { limit?: number; timeoutMs?: number; end?: boolean }, string | BodyProblem][] = [
  ["complete", ["ab", "c"], {}, "abc"],
  ["empty", [], {}, ""],
  ["of the maximum size", ["abc"], { limit: 3 }, "abc"],
  ["one byte larger", ["ab", "cd"], { limit: 3 }, "too_large"],
  ["without an end", ["ab"], { timeoutMs: 50, end: false }, "timed_out"],
];

for (const [name, chunks, { limit = 10, timeoutMs = 5_000, end = true }, expected] of cases) {
  test(`a body: ${name}`, async (t) => {
    let resolveBody: (body: Buffer | BodyProblem) => void = () => undefined;
    const body = new Promise<Buffer | BodyProblem>((resolve) => {
      resolveBody = resolve;
    });
    const { url } = await serve(t, (request, response) => {
      void readBody(request, limit, timeoutMs).then((result) => {
        resolveBody(result);
        response.end();
      });
    });
    const outgoing = httpRequest(url, { method: "POST" }).on("error", () => undefined);
    for (const chunk of chunks) outgoing.write(chunk);
    if (end) outgoing.end();
    else outgoing.flushHeaders();
    assert.equal(String(await body), expected);
    outgoing.destroy();
  });
}
