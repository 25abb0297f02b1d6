import { Agent, request as httpRequest } from "node:http";
import { callCompleted, PATH } from "../load/pushes.js";

/** The vendor waits so long for a 200, tries so often again, and waits between its tries: a minute, here a second. */
const ANSWER_MS = 10_000;
const RETRIES = 5;
const MINUTE_MS = 1_000;

/** What has become of the pushes of a sender. */
export interface Sent {
  /** Calls of all pushes. */
  readonly calls: ReadonlySet<string>;
  /** Calls of those that were answered 200. */
  readonly acknowledged: ReadonlySet<string>;
  /** Calls of those that were given up. */
  readonly lost: readonly string[];
  readonly tries: number;
}

/** Sends pushes as the vendor does: each again and again, until it is answered 200 or was tried six times. */
export class Sender {
  readonly #agent: Agent;
  readonly #calls = new Set<string>();
  readonly #acknowledged = new Set<string>();
  readonly #lost: string[] = [];
  #tries = 0;
  #stopped = false;
  readonly #slots: Promise<void>[];

  constructor(
    private readonly port: number,
    slots: number,
  ) {
    this.#agent = new Agent({ keepAlive: true, maxSockets: slots });
    this.#slots = Array.from({ length: slots }, (_, slot) => this.#run(slot));
  }

  /** Begins no new push, and resolves when the last has been answered or given up. */
  async finish(): Promise<Sent> {
    this.#stopped = true;
    await Promise.all(this.#slots);
    this.#agent.destroy();
    return { calls: this.#calls, acknowledged: this.#acknowledged, lost: this.#lost, tries: this.#tries };
  }

  async #run(slot: number): Promise<void> {
    for (let number = 0; !this.#stopped; number++) {
      const call = `call-${slot}-${number}`;
      this.#calls.add(call);
      await this.#deliver(call, callCompleted(`task-${slot}`, call));
      await pause(2);
    }
  }

  async #deliver(call: string, body: string): Promise<void> {
    for (let tries = 0; tries <= RETRIES; tries++) {
      if (tries > 0) await pause(MINUTE_MS);
      this.#tries++;
      if ((await this.#post(body)) === 200) {
        this.#acknowledged.add(call);
        return;
      }
    }
    this.#lost.push(call);
  }

  /** The status; nothing when none came in time. */
  #post(body: string): Promise<number | undefined> {
    return new Promise((resolve) => {
      const request = httpRequest(
        {
          port: this.port,
          host: "127.0.0.1",
          method: "POST",
          path: PATH,
          agent: this.#agent,
          timeout: ANSWER_MS,
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
