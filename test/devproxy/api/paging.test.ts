import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { isDeepStrictEqual } from "node:util";
import { describePush, factsOf } from "airudder-webhooks/inspect";
import fc from "fast-check";
import type { PushesResponse, StoriesResponse } from "../../../devproxy/src/api/types.js";
import type { Store } from "../../../devproxy/src/journal/index.js";
import { Api } from "../../helpers/api.js";
import { sample, startProxy } from "../../helpers/devproxy.js";

const BODIES = ["dialer.task/running", "dialer.contact/busy-reconstructed", "workflow.status/with-task"].map((name) =>
  sample(name).toString(),
);

let count = 0;

/** Records a push without a delivery. `kind` selects its type, `workflow` its workflow. */
async function record(store: Store, { kind, workflow }: { kind: number; workflow: number }): Promise<void> {
  const body = Buffer.from(
    (BODIES[kind] as string).replaceAll("9c1d7e20a4b84f6d8e3301f2aa55c7b1", `${workflow}`.padStart(32, "a")),
  );
  const { drift, ...facts } = describePush(body);
  const head = {
    kind: "push",
    id: `p${count++}`,
    at: new Date().toISOString(),
    method: "POST",
    url: "/",
    source: "local",
    size: body.length,
    sha256: createHash("sha256").update(body).digest("hex"),
    ...factsOf({ ...facts, drift: drift.length }),
  } as const;
  await store.recordPush(head, { headers: {}, body });
}

const pushes = fc.array(fc.record({ kind: fc.nat(2), workflow: fc.nat(4) }), { maxLength: 25 });

test("walking all pages gives every matching push once, newest first, also while pushes arrive", async (t) => {
  const { proxy, dir } = await startProxy(t, { inspect: 0 });
  const { store } = proxy;
  const api = new Api(dir);
  const filters = fc.constantFrom(
    "",
    "type=dialer.task&",
    "text=dialer&",
    "status=undelivered&type=dialer.contact&",
    "status=handled&",
  );
  await fc.assert(
    fc.asyncProperty(pushes, pushes, fc.integer({ min: 1, max: 7 }), filters, async (first, during, limit, filter) => {
      for (const push of first) await record(store, push);
      const all = await api.get<PushesResponse>(`/pushes?${filter}limit=500`);
      const expected = all.pushes.map(({ seq }) => seq);
      const walked: number[] = [];
      const arriving = during.slice();
      for (let before: number | null = Number.MAX_SAFE_INTEGER; before !== null; ) {
        const from: string = before === Number.MAX_SAFE_INTEGER ? "" : `&before=${before}`;
        const page: PushesResponse = await api.get<PushesResponse>(`/pushes?${filter}limit=${limit}${from}`);
        assert.ok(page.pushes.length <= limit);
        assert.equal(page.next, page.pushes.length === limit && page.next !== null ? page.pushes.at(-1)?.seq : null);
        walked.push(...page.pushes.map(({ seq }) => seq));
        before = page.next;
        const push = arriving.pop();
        if (push !== undefined) await record(store, push);
      }
      assert.deepEqual(walked, expected);
      if (!filter.startsWith("text")) assert.equal(all.matching, expected.length);
    }),
    { numRuns: 25 },
  );
});

test("after=SEQ gives exactly the pushes that arrived since", async (t) => {
  const { proxy, dir } = await startProxy(t, { inspect: 0 });
  const api = new Api(dir);
  await fc.assert(
    fc.asyncProperty(pushes, async (arriving) => {
      const newest = (await api.get<PushesResponse>("/pushes?limit=1")).pushes[0]?.seq ?? 0;
      for (const push of arriving) await record(proxy.store, push);
      const { pushes: found } = await api.get<PushesResponse>(`/pushes?after=${newest}`);
      assert.deepEqual(
        found.map(({ seq }) => seq),
        arriving.map((_, i) => newest + arriving.length - i),
      );
    }),
    { numRuns: 15 },
  );
});

test("walking all pages of stories gives every workflow once, with all of its pushes counted", async (t) => {
  const { proxy, dir } = await startProxy(t, { inspect: 0 });
  const api = new Api(dir);
  await fc.assert(
    fc.asyncProperty(pushes, fc.integer({ min: 1, max: 4 }), async (more, limit) => {
      for (const push of more) await record(proxy.store, push);
      const workflows: (string | null)[] = [];
      let counted = 0;
      for (let before: number | null = null; ; ) {
        const page: StoriesResponse = await api.get<StoriesResponse>(
          `/stories?limit=${limit}${before === null ? "" : `&before=${before}`}`,
        );
        for (const { workflow, counts, tasks } of page.stories) {
          workflows.push(workflow);
          counted += counts.pushes;
          assert.equal(
            tasks.reduce((sum, task) => sum + task.counts.pushes, 0),
            counts.pushes,
          );
          assert.equal(
            Object.values(counts.byStatus).reduce((sum, one) => sum + one, 0),
            counts.pushes,
          );
        }
        before = page.next;
        if (before === null) break;
      }
      assert.equal(new Set(workflows).size, workflows.length);
      assert.equal(counted, proxy.store.index.rows.length);
    }),
    { numRuns: 15 },
  );
});

test("lists and counts are correct after old pushes were dropped, also while new ones arrive", async (t) => {
  const { proxy, dir } = await startProxy(t, { inspect: 0, keep: "40", segmentBytes: 8_000 });
  const api = new Api(dir);
  const ofType = (): number[] =>
    proxy.store.index.rows.filter(({ push }) => push.type === "dialer.task").map(({ push }) => push.seq);
  for (let round = 0; round < 8; round++) {
    for (let n = 0; n < 25; n++) await record(proxy.store, { kind: n % 3, workflow: n % 2 });
    // Old pushes are dropped in the background, also between a response and the next line: then ask again.
    for (let expected: number[] | undefined; expected === undefined; ) {
      const before = ofType();
      const page = await api.get<PushesResponse>("/pushes?limit=500&type=dialer.task");
      if (!isDeepStrictEqual(before, ofType())) continue;
      expected = before;
      assert.deepEqual([page.pushes.map(({ seq }) => seq).reverse(), page.matching], [expected, expected.length]);
    }
  }
  assert.ok(proxy.store.index.rows.length < 120, "old pushes were dropped");
});
