import type { Random } from "../model/random.js";
import type { Replica } from "./replica.js";

/** Kills random replicas at random times, and starts each again. */
export class Killer {
  kills = 0;
  #isStopped = false;
  readonly #running: Promise<void>;

  /** @param maxRunMs maximum time between two kills */
  constructor(
    private readonly replicas: readonly Replica[],
    private readonly random: Random,
    private readonly maxRunMs: number,
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
      const killed = this.random.next() < 0.2 ? [0, 0] : [0];
      await Promise.all(killed.map(() => this.#kill(this.random.pick(this.replicas))));
    }
  }

  async #kill(replica: Replica): Promise<void> {
    if (!(await replica.kill())) return;
    this.kills++;
    await replica.start();
  }
}
