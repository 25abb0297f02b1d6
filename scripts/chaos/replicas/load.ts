import { Agent, request as httpRequest } from "node:http";
import { PATH } from "../../load/pushes.js";
import { Random } from "../model/random.js";
import { bodyOf, type PlannedCall } from "./plan.js";

const SENDERS = 64;
/** Number of calls whose pushes a sender sends in random order. The pushes of one call stay in order. */
const CALLS_OF_SENDER = 8;
/** Timeout of a request. Milliseconds. */
const RESPONSE_MS = 10_000;
/** Delay before a retry: the vendor's is a minute. */
const RETRY_MS = 50;
/** Time after which a push is given up. Milliseconds. The vendor gives up after five retries. */
const GIVE_UP_MS = 120_000;

/** What happened to the pushes of a plan. */
export interface Sent {
  readonly requests: number;
  /** Number of pushes whose copies all got the response 200. */
  readonly acknowledged: number;
  /** Pushes that were given up. */
  readonly givenUp: readonly string[];
  /** Pushes with a request that got no response, or a status other than 200. The inbox may have stored them nevertheless. */
  readonly unknown: ReadonlySet<string>;
  /** Requests by their status. `none`: no response. */
  readonly statuses: Readonly<Record<string, number>>;
}

/** A key that is the same for pushes with the same bytes. */
export function bodyKeyOf(call: string, state: number): string {
  return `${call}/${state}`;
}

/**
 * Sends the pushes of a plan as the vendor does: it retries each until the response is 200. It sends the pushes of one call one after the
 * other, and the two copies of a push at the same time to two replicas.
 */
export class ReplicaLoad {
  #requests = 0;
  #acknowledged = 0;
  readonly #givenUp: string[] = [];
  readonly #unknown = new Set<string>();
  readonly #statuses: Record<string, number> = {};
  readonly #agent = new Agent({ keepAlive: true });
  readonly #calls: Iterator<PlannedCall>;
  readonly #random: Random;
  readonly #senders: Promise<void>;
  #isStopped = false;
  #isFinished = false;

  constructor(
    private readonly ports: readonly number[],
    plan: readonly PlannedCall[],
    seed: number,
  ) {
    this.#random = new Random(seed);
    this.#calls = plan.values();
    this.#senders = Promise.all(Array.from({ length: SENDERS }, () => this.#send())).then(() => {
      this.#isFinished = true;
    });
  }

  get acknowledged(): number {
    return this.#acknowledged;
  }

  get isFinished(): boolean {
    return this.#isFinished;
  }

  /** Sends nothing more. */
  stop(): void {
    this.#isStopped = true;
    this.#agent.destroy();
  }

  /** Resolves when each push is acknowledged or given up. */
  async finished(): Promise<Sent> {
    await this.#senders;
    this.#agent.destroy();
    return {
      requests: this.#requests,
      acknowledged: this.#acknowledged,
      givenUp: this.#givenUp,
      unknown: this.#unknown,
      statuses: this.#statuses,
    };
  }

  async #send(): Promise<void> {
    const active: { call: string; pushes: PlannedCall["pushes"]; next: number }[] = [];
    for (;;) {
      while (active.length < CALLS_OF_SENDER) {
        const { done, value } = this.#calls.next();
        if (done) break;
        active.push({ ...value, next: 0 });
      }
      if (active.length === 0 || this.#isStopped) return;
      const index = this.#random.below(active.length);
      const chosen = active[index] as (typeof active)[number];
      const push = chosen.pushes[chosen.next++];
      if (push === undefined) active.splice(index, 1);
      else await this.#deliver(chosen.call, push.state, push.isTwice);
    }
  }

  async #deliver(call: string, state: number, isTwice: boolean): Promise<void> {
    const first = this.#random.below(this.ports.length);
    const second = (first + 1 + this.#random.below(this.ports.length - 1)) % this.ports.length;
    const body = Buffer.from(bodyOf(call, state));
    const content = bodyKeyOf(call, state);
    const copies = isTwice ? [first, second] : [first];
    const responses = await Promise.all(copies.map((replica) => this.#deliverCopy(content, body, replica)));
    if (responses.every((isAcknowledged) => isAcknowledged)) this.#acknowledged++;
    else this.#givenUp.push(content);
  }

  /** Sends a copy until the response is 200. A retry goes to any replica. Resolves with `false` if the copy is given up. */
  async #deliverCopy(content: string, body: Buffer, firstReplica: number): Promise<boolean> {
    let replica = firstReplica;
    for (const end = Date.now() + GIVE_UP_MS; Date.now() < end && !this.#isStopped; ) {
      this.#requests++;
      const status = await this.#post(body, this.ports[replica] as number);
      this.#statuses[status ?? "none"] = (this.#statuses[status ?? "none"] ?? 0) + 1;
      if (status === 200) return true;
      this.#unknown.add(content);
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      replica = this.#random.below(this.ports.length);
    }
    return false;
  }

  /** The status; `undefined` if there was no complete response in time. */
  #post(body: Buffer, port: number): Promise<number | undefined> {
    return new Promise((resolve) => {
      const request = httpRequest(
        {
          port,
          host: "127.0.0.1",
          method: "POST",
          path: PATH,
          agent: this.#agent,
          timeout: RESPONSE_MS,
          headers: { "content-type": "application/json", "content-length": body.length },
        },
        (response) => {
          response.resume();
          response.on("close", () => resolve(response.complete ? response.statusCode : undefined));
        },
      );
      request.on("timeout", () => request.destroy());
      request.on("error", () => resolve(undefined));
      request.end(body);
    });
  }
}
