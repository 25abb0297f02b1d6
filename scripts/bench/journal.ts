import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Child, type Compiled, compile } from "../child.js";
import type { BenchOptions } from "./options.js";
import { printRows, type Row, spread } from "./table.js";

/** Time and memory for opening a journal in a new process. */
interface Opened {
  ms: number;
  rssMb: number;
  entries: number;
  bytes: number;
}

/** Measures appends at two sizes of the journal, compares them with lowdb, and measures opening a large journal. */
export default async function benchJournal({ short }: BenchOptions): Promise<{ rows: Row[] }> {
  const folder = mkdtempSync(join(tmpdir(), "airudder-bench-"));
  const script = await compile("scripts/bench/journal-child.ts");
  const [few, many, rounds] = short ? [1_000, 10_000, 3] : [1_000, 100_000, 7];
  try {
    const large = join(folder, "many");
    await invoke(script, "fill", [large, many]);
    const appends: number[] = [];
    const sequential: number[] = [];
    const parallel: number[] = [];
    for (let round = 0; round < rounds; round++) {
      const small = join(folder, `few-${round}`);
      await invoke(script, "fill", [small, few]);
      const [smallUs, largeUs] = [
        await invoke<number>(script, "parallel", small),
        await invoke<number>(script, "parallel", large),
      ];
      appends.push(largeUs / smallUs);
      const lowdb = await invoke<Record<"sequential" | "parallel", number>>(
        script,
        "lowdb",
        join(folder, `${round}.json`),
      );
      sequential.push(lowdb.sequential / (await invoke<number>(script, "sequential", small)));
      parallel.push(lowdb.parallel / smallUs);
    }
    const opened: Opened[] = [];
    for (let round = 0; round < rounds; round++) opened.push(await invoke<Opened>(script, "open", large));
    const [first] = opened;
    const indexed: Opened[] = [];
    for (let round = 0; round < rounds; round++) indexed.push(await invoke<Opened>(script, "index", large));
    const rows: Row[] = [
      {
        what: `time of an append at ${many} pushes, compared with ${few}`,
        value: spread(appends),
        unit: "x",
        goal: { max: 1.3 },
      },
      {
        what: "durable appends, 64 in parallel, compared with lowdb's JSONFile at 4,000 pushes, not synced",
        value: spread(parallel),
        unit: "x",
        goal: { min: 100 },
      },
      {
        what: "  one after the other",
        value: spread(sequential),
        unit: "x",
        goal: { min: 100 },
      },
      {
        what: `open a journal of ${first?.entries} records, ${Math.round((first?.bytes ?? 0) / 1e6)} MB`,
        value: spread(opened.map(({ ms }) => ms / 1000)),
        unit: " s",
        goal: { max: 1 },
      },
      {
        what: "  resident memory of that process at its peak",
        value: spread(opened.map(({ rssMb }) => rssMb)),
        unit: " MB",
        goal: { max: 200 },
      },
      {
        what: "open it as the dev proxy does, with its index",
        value: spread(indexed.map(({ ms }) => ms / 1000)),
        unit: " s",
        goal: { max: 1 },
      },
      {
        what: "  resident memory of that process at its peak",
        value: spread(indexed.map(({ rssMb }) => rssMb)),
        unit: " MB",
        goal: { max: 200 },
      },
    ];
    printRows(rows);
    return { rows };
  } finally {
    script.remove();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** Calls one function of the script, in a new process. */
async function invoke<Value>(script: Compiled, name: string, argument: unknown): Promise<Value> {
  const { child } = await Child.start(script, []);
  try {
    return await child.invoke<Value>(name, argument);
  } finally {
    await child.kill();
  }
}
