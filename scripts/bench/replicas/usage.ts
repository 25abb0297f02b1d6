import type { Child } from "../../child.js";
import { cpuOfTree } from "./cpu.js";
import type { Usage } from "./replica.js";

/** CPU time that was used, as a number of cores. */
export interface Cores {
  /** The processes that store and handle. */
  readonly replicas: number;
  /** The database server. 0 if it cannot be measured. */
  readonly database: number;
  /** This process, which sends the load. */
  readonly load: number;
}

/** Runs a measurement, and measures the CPU time that is used meanwhile. */
export async function measureCores<Value>(
  replicas: readonly Child[],
  databasePid: number | undefined,
  run: () => Promise<Value>,
): Promise<{ value: Value; cores: Cores }> {
  const before = await usageOf(replicas, databasePid);
  const value = await run();
  const after = await usageOf(replicas, databasePid);
  const ms = after.at - before.at;
  return {
    value,
    cores: {
      replicas: (after.replicas - before.replicas) / ms,
      database: (after.database - before.database) / ms,
      load: (after.load - before.load) / ms,
    },
  };
}

async function usageOf(replicas: readonly Child[], databasePid: number | undefined) {
  const usages = await Promise.all(replicas.map((replica) => replica.invoke<Usage>("usage")));
  const { user, system } = process.cpuUsage();
  return {
    at: performance.now(),
    replicas: usages.reduce((sum, { cpuMs }) => sum + cpuMs, 0),
    database: cpuOfTree(databasePid),
    load: (user + system) / 1_000,
  };
}
