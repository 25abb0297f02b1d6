/** Sends pushes to several processes with one inbox folder, and checks what their handlers wrote to the log. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { Agent, request } from "node:http";
import { join } from "node:path";
import { until } from "../../helpers/until.js";

/** The process that owns a folder; `undefined` if there is none now. */
export function ownerPid(dir: string): number | undefined {
  try {
    return JSON.parse(readFileSync(join(dir, "lock"), "utf8")).pid;
  } catch {
    return undefined;
  }
}

/** The body of a push of a subject. */
export function contact(subject: string, number: number): string {
  return JSON.stringify({ type: "ContactStatus", body: { callid: subject, state: "HANGUP", taskId: "t", number } });
}

/** The primary of a cluster may pass a connection to a worker that has just been killed. Such a connection stays open. */
const RESPONSE_LIMIT_MS = 4_000;

/** Posts a body on a new connection. Resolves with the status; with 0 if the connection failed, and with `late` if there is no response. */
export function postOnce(port: number, body: string): Promise<number | "late"> {
  return new Promise((resolve) => {
    const options = { port, method: "POST", host: "127.0.0.1", path: "/", agent: new Agent({ keepAlive: false }) };
    const sent = request({ ...options, headers: { "content-type": "application/json" } }, (response) => {
      response.resume().once("close", () => resolve(response.statusCode ?? 0));
    });
    sent.once("error", () => resolve(0));
    sent.setTimeout(RESPONSE_LIMIT_MS, () => {
      resolve("late");
      sent.destroy();
    });
    sent.end(body);
  });
}

/** Sends the pushes of each subject in order, until stopped. Sends a rejected push again shortly afterwards. */
export class Load {
  /** The number of acknowledged pushes of each subject. */
  readonly acknowledged = new Map<string, number>();
  /** The longest time for which a push was rejected. Milliseconds. */
  maxRejectedMs = 0;
  #isStopped = false;
  readonly #running: Promise<void>[] = [];

  constructor(
    private readonly ports: () => number[],
    subjects: number,
  ) {
    for (let i = 0; i < subjects; i++) this.#running.push(this.#send(`s${i}`, i));
  }

  async #send(subject: string, first: number): Promise<void> {
    for (let number = 0; !this.#isStopped; number++) {
      let rejectedAt: number | undefined;
      for (let retries = 0; ; retries++) {
        const ports = this.ports();
        const status = await postOnce(
          ports[(first + number + retries) % ports.length] as number,
          contact(subject, number),
        );
        const now = performance.now();
        if (status !== "late" && rejectedAt !== undefined)
          this.maxRejectedMs = Math.max(this.maxRejectedMs, now - rejectedAt);
        if (status === 200) break;
        if (status !== "late") rejectedAt ??= now;
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      this.acknowledged.set(subject, number + 1);
    }
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await Promise.all(this.#running);
  }

  get total(): number {
    return [...this.acknowledged.values()].reduce((sum, count) => sum + count, 0);
  }

  /** Waits until each acknowledged push is handled, and checks the order of each subject. Returns the ids of the processes that handled. */
  async checkHandled(log: string): Promise<Set<string>> {
    const handled = (): Map<string, number[]> => {
      const bySubject = new Map<string, number[]>();
      for (const line of readFileSync(log, "utf8").trim().split("\n")) {
        const [, subject = "", number] = line.split(" ");
        bySubject.set(subject, [...(bySubject.get(subject) ?? []), Number(number)]);
      }
      return bySubject;
    };
    const isDone = (): boolean => {
      const bySubject = handled();
      return [...this.acknowledged].every(([subject, count]) => new Set(bySubject.get(subject)).size === count);
    };
    await until(isDone, 30_000);
    for (const [subject, numbers] of handled()) {
      const sorted = [...numbers].sort((a, b) => a - b);
      assert.deepEqual(numbers, sorted, `the order of ${subject}`);
    }
    return new Set(readFileSync(log, "utf8").match(/^\d+/gm));
  }
}
