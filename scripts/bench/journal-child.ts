/** Functions that measure operations on a journal, in their own process. */
import { createHash } from "node:crypto";
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { type Content, type Journal, openJournal, type RecordEntry } from "airudder-webhooks/journal";
import { exposeFunctions } from "../child-functions.js";
import { callCompleted } from "../load/pushes.js";

const HEADERS = {
  host: "127.0.0.1",
  "user-agent": "Airudder",
  "content-type": "application/json",
  "content-length": "1952",
};

const push = callCompleted("task", "CALL");
let number = 0;

function append(journal: Journal): Promise<RecordEntry> {
  const call = `call-${process.pid}-${number++}`;
  const body = Buffer.from(push.replace("CALL", call));
  const content: Content = { headers: HEADERS, body };
  return journal.append(
    {
      kind: "push",
      id: `${Date.now().toString(36)}${number.toString(36).padStart(6, "0")}`,
      at: new Date().toISOString(),
      method: "POST",
      url: "/webhooks/airudder",
      type: "call.completed",
      verified: true,
      source: "tunnel",
      size: body.length,
      sha256: createHash("sha256").update(body).digest("hex"),
      subject: `call.completed|task|${call}`,
      task: "task",
      call,
    },
    content,
  );
}

async function appendParallel(journal: Journal, count: number): Promise<void> {
  for (let sent = 0; sent < count; sent += 64) {
    await Promise.all(Array.from({ length: Math.min(64, count - sent) }, () => append(journal)));
  }
}

/** Average time of one operation, in microseconds. `work` runs `count` of them. */
async function timeOfOne(count: number, work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return ((performance.now() - start) * 1000) / count;
}

exposeFunctions(undefined, {
  fill: async (detail) => {
    const [dir, count] = detail as [string, number];
    const journal = await openJournal(dir);
    await appendParallel(journal, count);
    await journal.close();
  },

  /** Time of one append with 64 in parallel, microseconds. */
  parallel: async (dir) => {
    const journal = await openJournal(dir as string);
    await appendParallel(journal, 1_000);
    const microseconds = await timeOfOne(3_000, () => appendParallel(journal, 3_000));
    await journal.close();
    return microseconds;
  },

  /** Time of one append when each starts after the previous one is on disk, microseconds. */
  sequential: async (dir) => {
    const journal = await openJournal(dir as string);
    const appendSequential = async (count: number): Promise<void> => {
      for (let i = 0; i < count; i++) await append(journal);
    };
    await appendSequential(100);
    const microseconds = await timeOfOne(300, () => appendSequential(300));
    await journal.close();
    return microseconds;
  },

  /** Times of one update with lowdb's own file adapter, whose file already contains 4,000 pushes. Microseconds. */
  lowdb: async (file) => {
    const { Low } = await import("lowdb");
    const { JSONFile } = await import("lowdb/node");
    const record = (): object => ({ at: new Date().toISOString(), headers: HEADERS, body: push });
    const pushes = Array.from({ length: 4_000 }, record);
    const db = new Low(new JSONFile<{ pushes: object[] }>(file as string), { pushes });
    await db.write();
    const add = (): Promise<void> => db.update((data) => data.pushes.push(record()));
    const sequential = await timeOfOne(20, async () => {
      for (let i = 0; i < 20; i++) await add();
    });
    return { sequential, parallel: await timeOfOne(64, () => Promise.all(Array.from({ length: 64 }, add))) };
  },

  /** Time and memory for opening a journal as the dev proxy does: with its index in memory. */
  index: async (detail) => {
    const { Store } = await import("../../devproxy/src/journal/store.js");
    const start = performance.now();
    const store = await Store.open(detail as string);
    const ms = performance.now() - start;
    const rssMb = process.resourceUsage().maxRSS / 1024;
    const entries = store.index.rows.length;
    await store.close();
    return { ms, rssMb, entries };
  },

  /** Time and memory for opening a journal without the index of the dev proxy. */
  open: async (detail) => {
    const dir = detail as string;
    const start = performance.now();
    let entries = 0;
    const journal = await openJournal(dir, { onRecord: () => entries++ });
    const ms = performance.now() - start;
    const rssMb = process.resourceUsage().maxRSS / 1024;
    await journal.close();
    const bytes = readdirSync(dir).reduce((sum, name) => sum + statSync(join(dir, name)).size, 0);
    return { ms, rssMb, entries, bytes };
  },
});
