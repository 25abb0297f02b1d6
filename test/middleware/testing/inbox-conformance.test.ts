import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type ConformanceCase, inboxConformance } from "airudder-webhooks/testing";
import { type Fault, FaultyInbox } from "../../helpers/faulty-inbox.js";

/** The laws, as test cases for a memory inbox. */
function lawsFor(fault?: Fault): ConformanceCase[] {
  let store: ConstructorParameters<typeof FaultyInbox>[0] = [];
  const make = (again: boolean): FaultyInbox => {
    if (!again) store = [];
    return new FaultyInbox(store, fault);
  };
  // With a fault, a law may wait for something that never happens.
  return inboxConformance({ make, timeoutMs: fault === undefined ? 10_000 : 1_000 });
}

/** A part of a law's name, and a fault that breaks this law. */
const FAULTS: readonly (readonly [RegExp, Fault])[] = [
  [/exact bytes/, "drops pushes"],
  [/exact bytes/, "changes the id"],
  [/exact bytes/, "changes the bytes"],
  [/higher attempt/, "never retries"],
  [/higher attempt/, "repeats the attempt number"],
  [/one subject/, "delivers the newest push first"],
  [/one subject/, "retries a push after the later pushes of its subject"],
  [/one subject/, "delivers the next push while an earlier one is retried"],
  [/clos/, "forgets unfinished pushes at close"],
  [/clos/, "delivers finished pushes again after a restart"],
];

describe("the conformance suite", { concurrency: true }, () => {
  for (const { name, run } of lawsFor()) it(`accepts a correct inbox: ${name}`, run);

  for (const [law, fault] of FAULTS) {
    it(`rejects an inbox that ${fault}`, async () => {
      const laws = lawsFor(fault).filter(({ name }) => law.test(name));
      assert.equal(laws.length, 1);
      await assert.rejects(async () => laws[0]?.run());
    });
  }

  it("has no law that every inbox passes", () => {
    const untested = lawsFor().filter(({ name }) => !FAULTS.some(([law]) => law.test(name)));
    assert.deepEqual(untested, []);
  });
});
