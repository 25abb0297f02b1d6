import { Agent, request as httpRequest } from "node:http";
import { callCompleted, PATH } from "../load/pushes.js";

/** How long the vendor waits for a response, and how many times it retries. */
const RESPONSE_MS = 10_000;
const RETRIES = 5;
/** Delay between retries: the vendor's is a minute. Six attempts outlast the restarts of a loaded machine. */
const RETRY_MS = 2_000;

/** What happened to the pushes of a load. */
export interface Sent {
  /** Calls of all pushes. */
  readonly calls: ReadonlySet<string>;
  /** Calls of the pushes that got the response 200. */
  readonly acknowledged: ReadonlySet<string>;
  /** Calls of the pushes that were given up after all retries. */
  readonly givenUp: readonly string[];
  readonly attempts: number;
}

/** Sends pushes with retries as the vendor does: each at most six times, until the response is 200. */
export class VendorLoad {
  readonly #agent: Agent;
  readonly #calls = new Set<string>();
  readonly #acknowledged = new Set<string>();
  readonly #givenUp: string[] = [];
  #attempts = 0;
  #stopped = false;
  readonly #senders: Promise<void>[];

  constructor(
    private readonly port: number,
    senders: number,
  ) {
    this.#agent = new Agent({ keepAlive: true, maxSockets: senders });
    this.#senders = Array.from({ length: senders }, (_, sender) => this.#run(sender));
  }

  /** Sends no new push. Resolves when each push has a 200 or is given up. */
  async finish(): Promise<Sent> {
    this.#stopped = true;
    await Promise.all(this.#senders);
    this.#agent.destroy();
    return { calls: this.#calls, acknowledged: this.#acknowledged, givenUp: this.#givenUp, attempts: this.#attempts };
  }

  async #run(sender: number): Promise<void> {
    for (let number = 0; !this.#stopped; number++) {
      const call = `call-${sender}-${number}`;
      this.#calls.add(call);
      await this.#deliver(call, callCompleted(`task-${sender}`, call));
      await pause(2);
    }
  }

  async #deliver(call: string, body: string): Promise<void> {
    for (let attempt = 0; attempt <= RETRIES; attempt++) {
      if (attempt > 0) await pause(RETRY_MS);
      this.#attempts++;
      if ((await this.#post(body)) === 200) {
        this.#acknowledged.add(call);
        return;
      }
    }
    this.#givenUp.push(call);
  }

  /** The status; `undefined` if there was no response in time. */
  #post(body: string): Promise<number | undefined> {
    return new Promise((resolve) => {
      const request = httpRequest(
        {
          port: this.port,
          host: "127.0.0.1",
          method: "POST",
          path: PATH,
          agent: this.#agent,
          timeout: RESPONSE_MS,
          headers: { "content-type": "application/json", "content-length": Buffer.byteLength(body) },
        },
        (response) => {
          response.resume();
          response.on("end", () => resolve(response.statusCode));
          response.on("error", () => resolve(undefined));
          response.on("close", () => resolve(undefined));
        },
      );
      request.on("timeout", () => request.destroy());
      request.on("error", () => resolve(undefined));
      request.end(body);
    });
  }
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
