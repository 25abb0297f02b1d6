import { Child, type Compiled, compile } from "../child.js";
import { Client } from "../load/client.js";
import type { Traffic } from "../load/pushes.js";

/** A server to compare, and the load for it. */
export interface ServerUnderLoad {
  /** Name of the server in the script. */
  readonly server: string;
  readonly args?: readonly string[];
  readonly traffic: () => Traffic;
}

/** Result of one server in one round. */
export interface RoundResult {
  readonly perSecond: number;
  /** CPU time of the server for one request, including its other threads. Microseconds. */
  readonly cpuMicroseconds: number;
  readonly latencies: Float64Array;
  /** Time that the server needed after the load to finish its work: its function `settle`, if it has one. Milliseconds. */
  readonly settleMs: number;
}

/** Results of one server. */
export interface ServerResult {
  readonly rounds: readonly RoundResult[];
  /** Resident memory of the server at the end, MB. */
  readonly residentMb: number;
}

const SERVER = "scripts/bench/server-process.ts";

/**
 * Compares servers under load. Each runs in its own process. They take turns, so that other work on the machine slows all of them.
 * @param options.connections number of connections to each server
 * @param options.milliseconds duration of the load on each server in one round
 * @param options.warmUp duration of the load on each server before the first round, milliseconds
 * @param options.script starts a server by its name; default: `scripts/bench/server-process.ts`
 */
export async function compareServers<Name extends string>(
  servers: Record<Name, ServerUnderLoad>,
  options: { connections: number; rounds: number; milliseconds: number; warmUp: number; script?: string },
): Promise<Record<Name, ServerResult>> {
  const script = await compile(options.script ?? SERVER);
  const names = Object.keys(servers) as Name[];
  const runners = new Map<Name, Runner>();
  try {
    for (const name of names) runners.set(name, await Runner.start(script, servers[name], options.connections));
    for (const runner of runners.values()) await runner.run(options.warmUp);
    const rounds = new Map<Name, RoundResult[]>(names.map((name) => [name, []]));
    for (let round = 0; round < options.rounds; round++) {
      for (const name of round % 2 === 0 ? names : names.toReversed()) {
        rounds.get(name)?.push(await (runners.get(name) as Runner).run(options.milliseconds));
      }
    }
    const results: [Name, ServerResult][] = [];
    for (const [name, runner] of runners) {
      results.push([name, { rounds: rounds.get(name) ?? [], residentMb: await runner.residentMb() }]);
    }
    return Object.fromEntries(results) as Record<Name, ServerResult>;
  } finally {
    for (const runner of runners.values()) await runner.stop();
    script.remove();
  }
}

interface Usage {
  cpuMs: number;
  rss: number;
}

class Runner {
  private constructor(
    private readonly child: Child,
    private readonly client: Client,
  ) {}

  static async start(
    script: Compiled,
    { server, args = [], traffic }: ServerUnderLoad,
    connections: number,
  ): Promise<Runner> {
    const { child, ready } = await Child.start(script, [server, ...args]);
    return new Runner(child, await Client.open(ready as number, connections, traffic()));
  }

  async run(milliseconds: number): Promise<RoundResult> {
    const before = await this.child.invoke<Usage>("usage");
    const { requests, seconds, latencies } = await this.client.run(milliseconds);
    const endedAt = performance.now();
    await this.child.invoke("settle");
    const settleMs = performance.now() - endedAt;
    const after = await this.child.invoke<Usage>("usage");
    return {
      settleMs,
      perSecond: requests / seconds,
      cpuMicroseconds: ((after.cpuMs - before.cpuMs) * 1000) / requests,
      latencies,
    };
  }

  async residentMb(): Promise<number> {
    return (await this.child.invoke<Usage>("usage")).rss / 2 ** 20;
  }

  async stop(): Promise<void> {
    this.client.close();
    await this.child.kill();
  }
}
