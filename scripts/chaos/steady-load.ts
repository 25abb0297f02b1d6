import { Agent, request as httpRequest } from "node:http";
import { callCompleted, PATH } from "../load/pushes.js";

const PAUSE_MS = 10;

/** What honest senders have seen. */
export interface Service {
  readonly pushes: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly worstMs: number;
  /** Answers that were not 200. */
  readonly refused: readonly string[];
}

/** A few senders of good pushes, who note how long each answer takes. */
export class Honest {
  readonly #agent = new Agent({ keepAlive: true });
  readonly #latencies: number[] = [];
  readonly #refused: string[] = [];
  readonly #slots: Promise<void>[];
  #stopped = false;

  constructor(
    private readonly port: number,
    private readonly name: string,
    slots = 8,
  ) {
    this.#slots = Array.from({ length: slots }, (_, slot) => this.#run(slot));
  }

  async finish(): Promise<Service> {
    this.#stopped = true;
    await Promise.all(this.#slots);
    this.#agent.destroy();
    const sorted = this.#latencies.sort((a, b) => a - b);
    const at = (share: number): number => sorted[Math.floor(share * (sorted.length - 1))] ?? 0;
    return { pushes: sorted.length, p50Ms: at(0.5), p99Ms: at(0.99), worstMs: at(1), refused: this.#refused };
  }

  async #run(slot: number): Promise<void> {
    for (let number = 0; !this.#stopped; number++) {
      const start = performance.now();
      const answer = await this.#post(callCompleted(`${this.name}-${slot}`, `${this.name}-${slot}-${number}`));
      this.#latencies.push(performance.now() - start);
      if (answer !== "200") this.#refused.push(answer);
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }

  #post(body: string): Promise<string> {
    return new Promise((resolve) => {
      const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(body) };
      const { port } = this;
      const options = { port, host: "127.0.0.1", method: "POST", path: PATH, agent: this.#agent, headers };
      const request = httpRequest(options, (response) => {
        response.resume().on("end", () => resolve(String(response.statusCode)));
      });
      request.on("error", (error) => resolve(error.message));
      request.end(body);
    });
  }
}
