import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { test } from "node:test";
import { openSnapshot } from "../../../devproxy/src/journal/index.js";
import { ListenProcess, send, sha256, until } from "../../helpers/devproxy.js";
import { makeFolder } from "../../helpers/folder.js";
import { RecorderApp } from "../../helpers/recorder-app.js";

const ROUNDS = Number(process.env.KILL_ROUNDS ?? 4);
const KEEP = 400;

test("killed repeatedly under load, while segments are closed and dropped: every push that got 200 and must be kept is there", async (t) => {
  const app = await new RecorderApp().start();
  t.after(() => app.stop());
  const dir = makeFolder(t);
  const acknowledged: { hash: string; round: number }[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const options = { target: app.url, journal: dir, segmentBytes: 20_000, keep: String(KEEP) };
    const proxy = await ListenProcess.startWith(t, options);
    const before = acknowledged.length;
    const senders = Array.from({ length: 16 }, async (_, sender) => {
      for (let n = 0; ; n++) {
        const body = `{"round":${round},"sender":${sender},"n":${n}}`;
        try {
          if ((await send(proxy.localUrl, body)).status === 200)
            acknowledged.push({ hash: sha256(Buffer.from(body)), round });
        } catch {
          return;
        }
      }
    });
    await until(() => acknowledged.length - before > 200);
    await proxy.kill();
    await Promise.all(senders);

    const { index } = await openSnapshot(dir);
    const recorded = new Set(index.rows.map(({ push }) => push.sha256));
    // The newest pushes must be there. 64 are left out, because pushes that are handled in parallel get their responses in another order.
    const missing = acknowledged.slice(-(KEEP - 64)).filter(({ hash }) => !recorded.has(hash));
    assert.deepEqual(missing, []);
    const seqs = index.rows.map(({ push }) => push.seq);
    assert.deepEqual(
      seqs,
      seqs.map((_, place) => (seqs[0] as number) + place),
    );
  }
  const segments = readdirSync(dir).filter((name) => name.endsWith(".ndjson"));
  assert.ok(!segments.includes("000001.ndjson"), "old segments were dropped");
});
