import type { Random } from "../model/random.js";
import type { Replica } from "./replica.js";

/** Share of the interruptions that freeze a process instead of killing it. */
const FREEZES = 0.1;

/** Kills random replicas at random times, and starts each again. Freezes some instead, for longer than their leases last. */
export class Killer {
  kills = 0;
  freezes = 0;
  #isStopped = false;
  readonly #running: Promise<void>;

  /**
   * @param maxRunMs maximum time between two kills
   * @param freezeMs how long a process is frozen
   */
  constructor(
    private readonly replicas: readonly Replica[],
    private readonly random: Random,
    private readonly maxRunMs: number,
    private readonly freezeMs: number,
  ) {
    this.#running = this.#run();
    this.#running.catch(() => undefined);
  }

  /** Resolves when all replicas run. Rejects if one could not be started. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#running;
  }

  async #run(): Promise<void> {
    while (!this.#isStopped) {
      await new Promise((resolve) => setTimeout(resolve, this.random.next() * this.maxRunMs));
      const replica = this.random.pick(this.replicas);
      if (this.random.next() < FREEZES) await this.#freeze(replica);
      else await this.#kill(replica);
    }
  }

  async #freeze(replica: Replica): Promise<void> {
    if (!replica.freeze()) return;
    this.freezes++;
    await new Promise((resolve) => setTimeout(resolve, this.freezeMs));
    replica.resume();
  }

  async #kill(replica: Replica): Promise<void> {
    if (!(await replica.kill())) return;
    this.kills++;
    await replica.start();
  }
}
