import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { FilterQuery, PushesResponse, PushRow } from "../../../devproxy/src/api/index.js";
import type { ApiClient } from "../../../devproxy/src/page/client.js";
import { PagedPushes } from "../../../devproxy/src/page/paged-pushes.js";

const MAX_IN_MEMORY = 2_000;

/** A journal with these numbers, newest first, behind the API. */
function pagedPushes(seqs: number[], filters: FilterQuery): { pushes: PagedPushes; requests(): number } {
  let requests = 0;
  const get = async (_: string, query: Record<string, unknown>): Promise<PushesResponse> => {
    requests++;
    const { before = Number.POSITIVE_INFINITY, limit } = query as { before?: number; limit: number };
    const found = seqs.filter((seq) => seq < before);
    const rows = found.slice(0, limit);
    return {
      pushes: rows.map((seq) => ({ seq, id: String(seq) }) as PushRow),
      next: found.length > limit ? (rows.at(-1) as number) : null,
      matching: seqs.length,
      total: seqs.length,
    };
  };
  const pushes = new PagedPushes({ get } as unknown as ApiClient, filters, false, () => undefined);
  return { pushes, requests: () => requests };
}

const descending = (newest: number, keep: (seq: number) => boolean = () => true): number[] =>
  Array.from({ length: newest }, (_, index) => newest - index).filter(keep);

for (const [name, seqs, filters] of [
  ["without filters", descending(20_000), {}],
  ["with a filter", descending(20_000, (seq) => seq % 3 !== 0), { status: "failed" }],
  ["a journal without its oldest pushes", descending(20_000, (seq) => seq > 12_345), {}],
  ["a journal with fewer pushes than a page", descending(7), {}],
] as const) {
  test(`${name}: wherever the reader scrolls, the right pushes are in memory, and at most ${MAX_IN_MEMORY}`, () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 0, max: seqs.length - 1 }), { minLength: 1, maxLength: 8 }),
        async (stops) => {
          const { pushes } = pagedPushes([...seqs], filters);
          await pushes.reload();
          for (const first of stops) {
            const last = Math.min(seqs.length - 1, first + 40);
            await pushes.show(first, last);
            for (let index = first; index <= last; index++) assert.equal(pushes.rowAt(index)?.seq, seqs[index]);
            assert.equal(pushes.indexOf(seqs[first] as number), first);
            assert.ok(pushes.loaded <= MAX_IN_MEMORY, `${pushes.loaded} in memory`);
            assert.equal(pushes.length, seqs.length);
          }
        },
      ),
      { numRuns: 25 },
    ));
}

test("without filters, a jump to the end takes few requests", async () => {
  const { pushes, requests } = pagedPushes(descending(50_000), {});
  await pushes.reload();
  await pushes.show(49_960, 49_999);
  assert.equal(pushes.rowAt(49_999)?.seq, 1);
  assert.ok(requests() < 8, `${requests()} requests`);
});
