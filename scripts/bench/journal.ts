import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Child, type Compiled, compile } from "../child.js";
import type { BenchOptions } from "./options.js";
import { printRows, type Row, spread } from "./table.js";

/** Milliseconds and megabytes of opening a journal, in a process that has done nothing else. */
interface Opened {
  ms: number;
  rssMb: number;
  entries: number;
  bytes: number;
}

/** Appending, flat however much there is; against lowdb, which rewrites its file; and opening a large journal. */
export default async function benchJournal({ short }: BenchOptions): Promise<{ rows: Row[] }> {
  const folder = mkdtempSync(join(tmpdir(), "airudder-bench-"));
  const script = await compile("scripts/bench/journal-child.ts");
  const [few, many, rounds] = short ? [1_000, 10_000, 3] : [1_000, 100_000, 7];
  try {
    const large = join(folder, "many");
    await ask(script, "fill", [large, many]);
    const appends: number[] = [];
    const alone: number[] = [];
    const crowd: number[] = [];
    for (let round = 0; round < rounds; round++) {
      const small = join(folder, `few-${round}`);
      await ask(script, "fill", [small, few]);
      const [atFew, atMany] = [
        await ask<number>(script, "together", small),
        await ask<number>(script, "together", large),
      ];
      appends.push(atMany / atFew);
      const lowdb = await ask<Record<"alone" | "together", number>>(script, "lowdb", join(folder, `${round}.json`));
      alone.push(lowdb.alone / (await ask<number>(script, "alone", small)));
      crowd.push(lowdb.together / atFew);
    }
    const opened: Opened[] = [];
    for (let round = 0; round < rounds; round++) opened.push(await ask<Opened>(script, "open", large));
    const [first] = opened;
    const indexed: Opened[] = [];
    for (let round = 0; round < rounds; round++) indexed.push(await ask<Opened>(script, "index", large));
    const rows: Row[] = [
      {
        what: `append at ${many} pushes against at ${few}, time`,
        value: spread(appends),
        unit: "x",
        goal: { most: 1.3 },
      },
      {
        what: "append, on disk, 64 at once, against lowdb's JSONFile at 4,000 pushes, not synced",
        value: spread(crowd),
        unit: "x",
        goal: { least: 100 },
      },
      {
        what: "  one at a time",
        value: spread(alone),
        unit: "x",
        goal: { least: 100 },
      },
      {
        what: `open a journal of ${first?.entries} records, ${Math.round((first?.bytes ?? 0) / 1e6)} MB`,
        value: spread(opened.map(({ ms }) => ms / 1000)),
        unit: " s",
        goal: { most: 1 },
      },
      {
        what: "  resident memory of that process at its peak",
        value: spread(opened.map(({ rssMb }) => rssMb)),
        unit: " MB",
        goal: { most: 200 },
      },
      {
        what: "open it as the dev proxy does, with its index",
        value: spread(indexed.map(({ ms }) => ms / 1000)),
        unit: " s",
        goal: { most: 1 },
      },
      {
        what: "  resident memory of that process at its peak",
        value: spread(indexed.map(({ rssMb }) => rssMb)),
        unit: " MB",
        goal: { most: 200 },
      },
    ];
    printRows(rows);
    return { rows };
  } finally {
    script.remove();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

async function ask<Value>(script: Compiled, question: string, detail: unknown): Promise<Value> {
  const { child } = await Child.start(script, []);
  try {
    return await child.invoke<Value>(question, detail);
  } finally {
    await child.kill();
  }
}
