import assert from "node:assert/strict";
import { test } from "node:test";
import { runChecks } from "../../../devproxy/src/doctor/index.js";
import { serve } from "../../helpers/app.js";
import { makeFolder } from "../../helpers/folder.js";

for (const [apartMs, expected] of [
  [0, "ok"],
  [20_000, "ok"],
  [-20_000, "ok"],
  [60_000, "failed"],
  [-60_000, "failed"],
] as const) {
  test(`a clock that differs by ${apartMs / 1_000} s: ${expected}`, async (t) => {
    const { url } = await serve(t, (_, response) => {
      response.writeHead(500, { date: new Date(Date.now() + apartMs).toUTCString() }).end();
    });
    const results: string[] = [];
    const options = { tunnel: "localtunnel", tunnelHost: url, target: url, journal: makeFolder(t) };
    for await (const { name, result } of runChecks(options)) {
      if (name !== "clock") continue;
      results.push(result);
      break;
    }
    assert.deepEqual(results, [expected]);
  });
}
