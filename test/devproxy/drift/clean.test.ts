import assert from "node:assert/strict";
import { test } from "node:test";
import { type RecordedPush, summarizeDrift } from "airudder-devproxy";
import { describePush, validatePush } from "airudder-webhooks/inspect";
import { openJournal } from "airudder-webhooks/journal";
import fc from "fast-check";
import { makeOutput, readFolder } from "../../../devproxy/src/commands/index.js";
import { pushesOfRows } from "../../../devproxy/src/drift/pushes.js";
import { makeFolder } from "../../helpers/folder.js";
import { pushHead } from "../../helpers/push-head.js";
import { mutations } from "../../schemas/mutations.js";
import { pushes, sampleText } from "../../schemas/pushes.js";
import { publishedSource } from "./rig.js";

const runs = Number(process.env.FUZZ_RUNS ?? 300);

const types = pushes.map(({ push }) => push.type);
const samples = pushes.flatMap(({ push, samples: names }) => names.map((name) => ({ type: push.type, name })));

/** A sample as it is or changed, recorded with its own type, with another one, or without. */
const recorded = fc.record({
  sample: fc.constantFrom(...samples),
  change: fc.option(mutations),
  stated: fc.oneof({ weight: 4, arbitrary: fc.constant("own") }, fc.constantFrom(undefined, "unknown", ...types)),
});

type Recorded = typeof recorded extends fc.Arbitrary<infer Value> ? Value : never;

function recordedPush({ sample, change, stated }: Recorded, index: number): RecordedPush {
  const text = sampleText(sample.name);
  const type = stated === "own" ? sample.type : stated;
  const at = new Date(Date.UTC(2026, 0, 31, 8, index)).toISOString();
  return {
    label: `#${index + 1}`,
    at,
    ...(type === undefined ? {} : { type }),
    headers: {},
    body: Buffer.from(change === null ? text : change(text)),
  };
}

test(`skipping pushes without drift does not change the drift report (${runs} runs)`, async () => {
  const every = { ...publishedSource, isPublished: false };
  const drifting = { ...publishedSource, isPublished: true };
  const property = fc.asyncProperty(fc.array(recorded, { minLength: 1, maxLength: 8 }), fc.boolean(), (all, reveal) =>
    sameReport(all.map(recordedPush), reveal),
  );
  async function sameReport(all: RecordedPush[], reveal: boolean): Promise<void> {
    const report = await summarizeDrift(all, { schemas: every, reveal });
    assert.deepEqual(await summarizeDrift(all, { schemas: drifting, reveal }), report);
  }
  await fc.assert(property, { numRuns: runs });
});

test(`validatePush and describePush agree (${runs} runs)`, () => {
  fc.assert(
    fc.property(recorded, (one) => {
      const { body, headers } = recordedPush(one, 0);
      const { verified, signProblem, subject, task, call, workflow, ...validation } = describePush(body, headers);
      assert.deepEqual(validatePush(body, headers), validation);
    }),
    { numRuns: runs },
  );
  assert.equal(validatePush(Buffer.from("[]")).type, "unparsable");
});

test("reading a journal in blocks produces the same drift report as its pushes one by one", async (t) => {
  const dir = makeFolder(t);
  const journal = await openJournal(dir, { segmentBytes: 400_000 });
  const all: RecordedPush[] = [];
  const large = "x".repeat(1_200_000);
  for (let index = 0; index < 400; index++) {
    const { type, name } = samples[index % samples.length] as (typeof samples)[number];
    const payload = JSON.parse(sampleText(name));
    if (index % 7 === 0) payload[`Brand${index % 3}`] = index === 350 ? large : index;
    const body = Buffer.from(JSON.stringify(payload));
    const head = { ...pushHead(`push-${index}`), type, size: body.length };
    await journal.append(head, { headers: {}, body });
    all.push({ label: `#${index + 1}`, at: head.at, type, headers: {}, body });
  }
  await journal.close();

  const reader = await readFolder(dir, makeOutput());
  const read: RecordedPush[] = [];
  for await (const block of pushesOfRows(reader, reader.index.rows)) read.push(...block);
  assert.deepEqual(
    read,
    all.map((push) => ({ ...push, isReplay: false })),
  );
  const options = { schemas: { ...publishedSource, isPublished: true } };
  const { groups, ...rest } = await summarizeDrift(read, options);
  assert.deepEqual({ groups, ...rest }, await summarizeDrift(all, { schemas: publishedSource }));
  assert.ok(groups.length > 3);
});
