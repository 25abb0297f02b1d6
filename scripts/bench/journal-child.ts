/** Does one thing with a journal, in a process of its own, and says how long it took. */
import { createHash } from "node:crypto";
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { type Content, type Journal, openJournal, type RecordEntry } from "airudder-webhooks/journal";
import { answerParent } from "../answer-parent.js";
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

async function together(journal: Journal, count: number): Promise<void> {
  for (let sent = 0; sent < count; sent += 64) {
    await Promise.all(Array.from({ length: Math.min(64, count - sent) }, () => append(journal)));
  }
}

async function perTime(times: number, work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return ((performance.now() - start) * 1000) / times;
}

answerParent(undefined, {
  fill: async (detail) => {
    const [dir, count] = detail as [string, number];
    const journal = await openJournal(dir);
    await together(journal, count);
    await journal.close();
  },

  /** Microseconds for a push when 64 come at once. */
  together: async (dir) => {
    const journal = await openJournal(dir as string);
    await together(journal, 1_000);
    const took = await perTime(3_000, () => together(journal, 3_000));
    await journal.close();
    return took;
  },

  /** Microseconds for a push when each comes after the one before is on disk. */
  alone: async (dir) => {
    const journal = await openJournal(dir as string);
    const inTurn = async (count: number): Promise<void> => {
      for (let i = 0; i < count; i++) await append(journal);
    };
    await inTurn(100);
    const took = await perTime(300, () => inTurn(300));
    await journal.close();
    return took;
  },

  /** The same in lowdb's own file adapter, which holds 4,000 already. */
  lowdb: async (file) => {
    const { Low } = await import("lowdb");
    const { JSONFile } = await import("lowdb/node");
    const record = (): object => ({ at: new Date().toISOString(), headers: HEADERS, body: push });
    const pushes = Array.from({ length: 4_000 }, record);
    const db = new Low(new JSONFile<{ pushes: object[] }>(file as string), { pushes });
    await db.write();
    const add = (): Promise<void> => db.update((data) => data.pushes.push(record()));
    const alone = await perTime(20, async () => {
      for (let i = 0; i < 20; i++) await add();
    });
    return { alone, together: await perTime(64, () => Promise.all(Array.from({ length: 64 }, add))) };
  },

  /** The dev proxy's database: the journal with its index in memory. */
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
