import { Agent, request as httpRequest } from "node:http";
import { callCompleted, PATH } from "../load/pushes.js";

const PAUSE_MS = 10;

/** Response times and failures of valid pushes. */
export interface LoadReport {
  readonly pushes: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  /** Statuses other than 200, and connection errors. */
  readonly failed: readonly string[];
}

/** Sends valid pushes continuously, without retries, and measures the response times. */
export class SteadyLoad {
  readonly #agent = new Agent({ keepAlive: true });
  readonly #latencies: number[] = [];
  readonly #failed: string[] = [];
  readonly #senders: Promise<void>[];
  #stopped = false;

  constructor(
    private readonly port: number,
    private readonly name: string,
    senders = 8,
  ) {
    this.#senders = Array.from({ length: senders }, (_, sender) => this.#run(sender));
  }

  async finish(): Promise<LoadReport> {
    this.#stopped = true;
    await Promise.all(this.#senders);
    this.#agent.destroy();
    const sorted = this.#latencies.sort((a, b) => a - b);
    const at = (share: number): number => sorted[Math.floor(share * (sorted.length - 1))] ?? 0;
    return { pushes: sorted.length, p50Ms: at(0.5), p99Ms: at(0.99), maxMs: at(1), failed: this.#failed };
  }

  async #run(sender: number): Promise<void> {
    for (let number = 0; !this.#stopped; number++) {
      const start = performance.now();
      const response = await this.#post(callCompleted(`${this.name}-${sender}`, `${this.name}-${sender}-${number}`));
      this.#latencies.push(performance.now() - start);
      if (response !== "200") this.#failed.push(response);
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
