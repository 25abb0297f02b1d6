import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { drillWith } from "../../../middleware/src/testing/drill/drill.js";
import { type Defect, DrilledApp } from "./app.js";

/** 10 s become 500 ms, and a minute becomes 3 s. Times are shorter for a slow app, because all its scenarios are slow. */
const TIME_SCALE = 20;
const TIME_SCALE_OF_SLOW_APP = 60;

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
        const timeScale = defect === "work before response" ? TIME_SCALE_OF_SLOW_APP : TIME_SCALE;
        const app = await DrilledApp.start(t, { mode, defect, timeScale });
        const { key, token } = app.options;
        const options = {
          url: app.url,
          key,
          token,
          verify: () => app.verify(),
          restart: { kill: () => app.kill(), start: () => app.start() },
          timeScale,
          settleMs: 2_500,
          quietMs: 100,
        };
        const report = await drillWith(options, { times: { limitMs: 10_000 / timeScale } });
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
