import { Child, type Compiled } from "../../child.js";
import type { SharedInbox } from "../../engines.js";
import type { ReplicaOptions } from "./replica.js";
import type { Round } from "./storing.js";
import { measureCores } from "./usage.js";

const MAX_MS = 120_000;

/**
 * Measures how many stored pushes workers handle. Each round stores pushes, then starts new workers. Different numbers of workers take turns.
 * @returns the rounds of each number of workers
 */
export async function measureHandling(
  script: Compiled,
  { inbox, pid }: { inbox: SharedInbox; pid: number | undefined },
  options: { handler: "nothing" | "transaction"; counts: readonly number[]; rounds: number; pushes: number },
): Promise<Map<number, Round[]>> {
  const { handler, counts, rounds, pushes } = options;
  const results = new Map<number, Round[]>(counts.map((count) => [count, []]));
  const { child: filler } = await start(script, { inbox });
  try {
    for (let round = 0; round < rounds; round++) {
      for (const count of round % 2 === 0 ? counts : counts.toReversed()) {
        await filler.invoke("fill", pushes);
        const starts = Array.from({ length: count }, () => start(script, { inbox, handler }));
        const workers = (await Promise.all(starts)).map(({ child }) => child);
        try {
          const { value, cores } = await measureCores(workers, pid, () => handle(workers, pushes));
          results.get(count)?.push({ perSecond: value, cores });
          await Promise.all(workers.map((worker) => worker.invoke("close")));
        } finally {
          for (const worker of workers) await worker.kill();
        }
      }
    }
    return results;
  } finally {
    await filler.kill();
  }
}

function start(script: Compiled, options: ReplicaOptions): Promise<{ child: Child }> {
  return Child.start(script, ["replica", JSON.stringify(options)]);
}

/** Handles all stored pushes. Returns the number per second. */
async function handle(workers: readonly Child[], pushes: number): Promise<number> {
  const startedAt = process.hrtime.bigint();
  const end = Date.now() + MAX_MS;
  await Promise.all(workers.map((worker) => worker.invoke("work")));
  for (;;) {
    const handled = await Promise.all(workers.map((each) => each.invoke<{ count: number; at: string }>("handled")));
    const count = handled.reduce((sum, each) => sum + each.count, 0);
    if (count >= pushes) {
      const last = handled.map(({ at }) => BigInt(at)).reduce((a, b) => (a > b ? a : b));
      return (pushes * 1e9) / Number(last - startedAt);
    }
    if (Date.now() > end) throw new Error(`The workers handled only ${count} of ${pushes} pushes in ${MAX_MS} ms.`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
