import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { campaignPushes, OUTCOME_NAMES } from "../../../devproxy/src/campaign/index.js";
import { anyOptions, type Campaign, makeCampaign } from "./campaign.js";
import { INVARIANTS } from "./invariants.js";

const runs = Number(process.env.FUZZ_RUNS ?? 200);

test(`campaigns of random size, mix, seed and redials keep every invariant (${runs} runs)`, () => {
  fc.assert(
    fc.property(anyOptions, (options) => checkLaws(makeCampaign(options))),
    { numRuns: runs },
  );
});

function checkLaws(campaign: Campaign): void {
  for (const [name, invariant] of Object.entries(INVARIANTS)) {
    try {
      invariant(campaign);
    } catch (error) {
      throw new Error(`Broken invariant: ${name}. ${(error as Error).message}`, { cause: error });
    }
  }
}

test("a large campaign, longer than a day with one agent, keeps every invariant", () =>
  checkLaws(
    makeCampaign({
      contacts: 1_500,
      mix: Object.fromEntries(OUTCOME_NAMES.map((name) => [name, 1])),
      seed: 7,
      agents: 1,
      maxRedials: 2,
      startAt: new Date("2026-02-27T23:00:00Z"),
      key: "test-key",
    }),
  ));

test("pushes are generated when they are requested: a large campaign does not fill the memory", () => {
  const before = process.memoryUsage().heapUsed;
  const pushes = campaignPushes({ contacts: 100_000 });
  for (let i = 0; i < 1_000; i++) assert.equal(pushes.next().done, false);
  const megabytes = (process.memoryUsage().heapUsed - before) / 1e6;
  assert.ok(megabytes < 50, `${megabytes} MB`);
});

test("words whose vocabulary the vendor does not document are in angle brackets", () => {
  const texts = [...campaignPushes({ contacts: 3 })].map(({ body }) => body.toString());
  const words = texts.flatMap((text) => [...text.matchAll(/"(?:status|task_status|node_type)":"([^"]*)"/g)]);
  assert.deepEqual([...new Set(words.map(([, word]) => word))].sort(), [
    "<unknown vocabulary>",
    "<unknown: ended>",
    "<unknown: started>",
  ]);
});
