import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { drillWith } from "../../../middleware/src/testing/drill/drill.js";
import { type Defect, DrilledApp } from "./app.js";

/** The minute before a retry becomes 300 ms. */
const TIME_SCALE = 200;
/** The vendor's limit for a response, ms. Shorter for a slow app, because all its scenarios are slow. */
const LIMIT_MS = 10_000;
const LIMIT_MS_OF_SLOW_APP = 150;

const REPETITIONS = ["duplicate", "duplicate-at-once", "parallel", "retry-after-minute"];
const REJECTIONS = ["bad-signature", "wrong-token", "not-json", "huge"];

/** The scenarios that must fail. Equal in both modes. */
const EXPECTED: Record<Defect, readonly string[]> = {
  none: [],
  "no duplicate check": REPETITIONS,
  "work before response": ["slow-handler"],
  "parser before receiver": ["large-push", "exact-bytes"],
  "catch-all 200": ["valid", ...REJECTIONS],
  "always 200": REJECTIONS,
  "lost on crash": ["crash"],
  "order ignored": ["out-of-order"],
};

describe("the defects of an app", { concurrency: 8 }, () => {
  for (const [defect, expected] of Object.entries(EXPECTED) as [Defect, readonly string[]][]) {
    for (const mode of ["direct", "inbox"] as const) {
      test(`${defect}, ${mode}: ${expected.join(", ") || "no scenario"} fails`, async (t) => {
        const limitMs = defect === "work before response" ? LIMIT_MS_OF_SLOW_APP : LIMIT_MS;
        const app = await DrilledApp.start(t, { mode, defect, limitMs });
        const { key, token } = app.options;
        const options = {
          url: app.url,
          key,
          token,
          verify: () => app.verify(),
          restart: { kill: () => app.kill(), start: () => app.start() },
          timeScale: TIME_SCALE,
          settleMs: 2_500,
          quietMs: 100,
        };
        const report = await drillWith(options, { times: { limitMs } });
        const lines = report.results.map((r) => `${r.status} ${r.name} (${r.ms} ms): ${r.reason}`).join("\n");
        if (process.env.DRILL_DEBUG) console.log(`== ${defect} ${mode} ${report.ms}\n${lines}`);
        assert.ok(
          report.results.every(({ reason }) => !reason.includes("could not be completed")),
          lines,
        );
        const failed = report.results.filter(({ status }) => status === "failed").map(({ name }) => name);
        assert.deepEqual(failed.sort(), [...expected].sort(), lines);
        const skipped = report.results.filter(({ status }) => status === "skipped").map(({ name }) => name);
        if (defect !== "catch-all 200")
          assert.deepEqual(
            skipped,
            expected.includes("crash") ? ["crash-before-response", "duplicate-after-restart"] : [],
            lines,
          );
      });
    }
  }
});
