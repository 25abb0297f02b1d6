import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import type { ReplayRequest } from "airudder-devproxy";
import { Store } from "../../../devproxy/src/journal/index.js";
import { replay } from "../../../devproxy/src/replay/index.js";
import { makeFolder } from "../../helpers/folder.js";
import { pushHead } from "../../helpers/push-head.js";

/** Replays pushes of these times and this subject. Returns the numbers of the sent ones, in order. */
async function replayAt(
  t: TestContext,
  times: string[],
  request: ReplayRequest,
  stop: AbortController,
  onSent: () => Promise<void> | void = () => undefined,
): Promise<number[]> {
  const store = await Store.open(makeFolder(t));
  t.after(() => store.close());
  for (const [i, at] of times.entries()) {
    const head = { ...pushHead(`push-${i}`), at, subject: "subject" };
    await store.recordPush(head, { headers: {}, body: Buffer.from("{}") });
  }
  const sent: number[] = [];
  const deliverer = {
    flush: async () => undefined,
    deliver: async ({ seq }: { seq: number }) => {
      sent.push(seq);
      await onSent();
      return {
        at: "",
        target: "http://app.test/",
        ms: 1,
        response: { status: 200, headers: {}, body: Buffer.from("") },
      };
    },
  };
  const tools = { store, deliverer: deliverer as never, onEvent: () => undefined, signal: stop.signal };
  await replay({ ...request, last: times.length }, tools);
  return sent;
}

test("a gap longer than the maximum delay of a timer is waited for", async (t) => {
  const stop = new AbortController();
  setTimeout(() => stop.abort(), 300);
  const times = ["2026-01-01T00:00:00Z", "2026-03-01T00:00:00Z"];
  assert.deepEqual(await replayAt(t, times, { speed: 1 }, stop), [1]);
});

test("after a stop, pushes that wait for an earlier one of their subject are not sent", async (t) => {
  const stop = new AbortController();
  const times = ["2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z"];
  const sent = await replayAt(t, times, { concurrency: 3 }, stop, async () => {
    await new Promise((resolve) => setTimeout(resolve, 10));
    stop.abort();
  });
  assert.deepEqual(sent, [1]);
});
