import { Child, type Compiled } from "../../child.js";
import type { SharedInbox } from "../../engines.js";
import { Client } from "../../load/client.js";
import { newCalls } from "../../load/pushes.js";
import type { ReplicaOptions } from "./replica.js";
import { type Cores, measureCores } from "./usage.js";

const CONNECTIONS = 64;
/** Number of calls that are reserved for each client. No client uses all of them. */
const CALLS_OF_CLIENT = 1_000_000_000;

/** Throughput of one round. */
export interface Round {
  readonly perSecond: number;
  readonly cores: Cores;
}

/**
 * Measures how many pushes replicas store that do not handle pushes. Different numbers of replicas take turns.
 * @returns the rounds of each number of replicas
 */
export async function measureStoring(
  script: Compiled,
  { inbox, pid }: { inbox: SharedInbox; pid: number | undefined },
  { counts, rounds, milliseconds }: { counts: readonly number[]; rounds: number; milliseconds: number },
): Promise<Map<number, Round[]>> {
  const options: ReplicaOptions = { inbox };
  const replicas: { child: Child; client: Client }[] = [];
  const results = new Map<number, Round[]>(counts.map((count) => [count, []]));
  const groups = new Map<number, typeof replicas>();
  try {
    for (const count of counts) {
      const group: typeof replicas = [];
      groups.set(count, group);
      for (let i = 0; i < count; i++) {
        const { child, ready } = await Child.start(script, ["replica", JSON.stringify(options)]);
        const traffic = newCalls(1_024, undefined, replicas.length * CALLS_OF_CLIENT);
        const replica = { child, client: await Client.open(ready as number, CONNECTIONS / count, traffic) };
        group.push(replica);
        replicas.push(replica);
      }
    }
    for (const { client } of replicas) await client.run(milliseconds);
    for (let round = 0; round < rounds; round++) {
      for (const count of round % 2 === 0 ? counts : counts.toReversed()) {
        const group = groups.get(count) ?? [];
        const children = group.map(({ child }) => child);
        const { value, cores } = await measureCores(children, pid, () =>
          Promise.all(group.map(({ client }) => client.run(milliseconds))),
        );
        const requests = value.reduce((sum, result) => sum + result.requests, 0);
        results.get(count)?.push({ perSecond: requests / Math.max(...value.map(({ seconds }) => seconds)), cores });
      }
    }
    return results;
  } finally {
    for (const { child, client } of replicas) {
      client.close();
      await child.kill();
    }
  }
}
