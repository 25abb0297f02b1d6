import { Child, type Compiled, compile } from "../child.js";
import { Client } from "../load/client.js";
import type { Traffic } from "../load/pushes.js";

/** One that takes part: a server, and what is sent to it. */
export interface Side {
  readonly server: string;
  readonly args?: readonly string[];
  readonly traffic: () => Traffic;
}

/** What a side has done in one round. */
export interface Turn {
  readonly perSecond: number;
  /** Microseconds of processor time that the server took for a request, with what its other threads did. */
  readonly cpuMicroseconds: number;
  readonly latencies: Float64Array;
}

/** What a side has done. */
export interface Score {
  readonly turns: readonly Turn[];
  /** Resident memory of the server at the end, MB. */
  readonly residentMb: number;
}

const SERVER = "scripts/bench/server.ts";

/**
 * Sends load to servers in turns, each in a process of its own, so that what slows the machine slows them all.
 * @param options connections of each; rounds and how long each side is under load in one; its warm-up. Milliseconds. `script`: what starts a server by its name
 */
export async function duel<Name extends string>(
  sides: Record<Name, Side>,
  options: { connections: number; rounds: number; milliseconds: number; warmUp: number; script?: string },
): Promise<Record<Name, Score>> {
  const script = await compile(options.script ?? SERVER);
  const names = Object.keys(sides) as Name[];
  const runners = new Map<Name, Runner>();
  try {
    for (const name of names) runners.set(name, await Runner.start(script, sides[name], options.connections));
    for (const runner of runners.values()) await runner.turn(options.warmUp);
    const turns = new Map<Name, Turn[]>(names.map((name) => [name, []]));
    for (let round = 0; round < options.rounds; round++) {
      for (const name of round % 2 === 0 ? names : names.toReversed()) {
        turns.get(name)?.push(await (runners.get(name) as Runner).turn(options.milliseconds));
      }
    }
    const scores: [Name, Score][] = [];
    for (const [name, runner] of runners) {
      scores.push([name, { turns: turns.get(name) ?? [], residentMb: await runner.residentMb() }]);
    }
    return Object.fromEntries(scores) as Record<Name, Score>;
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

  static async start(script: Compiled, { server, args = [], traffic }: Side, connections: number): Promise<Runner> {
    const { child, ready } = await Child.start(script, [server, ...args]);
    return new Runner(child, await Client.open(ready as number, connections, traffic()));
  }

  async turn(milliseconds: number): Promise<Turn> {
    const before = await this.child.invoke<Usage>("usage");
    const { requests, seconds, latencies } = await this.client.run(milliseconds);
    const after = await this.child.invoke<Usage>("usage");
    return {
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
