import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { Agent, request as httpRequest } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { WhenDown } from "airudder-devproxy";
import { Child, compile } from "../child.js";

const RESPONSE_MS = 100;
const DOWN_S = 3;
const MAX_P50_MS = 250;
/** Maximum time for the last pushes after the load has ended. */
const DRAIN_S = 10;

/** A load, and what the dev proxy does with it while the app is down. */
interface Scenario {
  whenDown: WhenDown;
  perSecond: number;
  /** Number of agents in the pushes; each agent is a subject. */
  agents: number;
}

const SCENARIOS: Scenario[] = [
  { whenDown: "hold", perSecond: 20, agents: 20 },
  { whenDown: "ack", perSecond: 1_000, agents: 500 },
];

/** What a run measured. */
export interface OutageReport extends Scenario {
  sent: number;
  /** Median response time at the sender, ms: before the outage, and `settleS` after the app's return. */
  p50: { before: number; after: number };
  /** Median time until the app receives a push, for pushes sent later than `settleS` after its return, ms. */
  lagMs: number;
  settleS: number;
  /** Acknowledged pushes that waited for the app: at its return and `settleS` later. */
  waiting: { before: number; after: number };
  /** How long the last push took after the load had ended. */
  drainS: number;
  /** Pushes that got the response 200 and that the app never completed. */
  missing: number;
  /** Pushes that the app completed and received again. */
  repeated: number;
  /** Pushes that overtook an earlier push of the same agent. */
  outOfOrder: number;
}

/**
 * Kills the app under load and starts it again 3 s later, while the load continues. The response time at the sender must fall to that of
 * the app, and each push must reach the app once and in order per agent.
 * @throws if a check fails
 */
export default async function outageChaos({ short }: { short: boolean }): Promise<void> {
  const failures: string[] = [];
  for (const scenario of SCENARIOS) {
    const report = await outage(scenario, short ? { settleS: 5, measureS: 2 } : { settleS: 10, measureS: 5 });
    console.log(lineOf(report));
    failures.push(...failuresOf(report).map((text) => `${scenario.whenDown}: ${text}`));
  }
  if (failures.length > 0) throw new Error(`the queue did not meet its guarantees:\n${failures.join("\n")}`);
}

function lineOf({
  whenDown,
  perSecond,
  agents,
  sent,
  p50,
  lagMs,
  settleS,
  waiting,
  drainS,
  ...wrong
}: OutageReport): string {
  return [
    `${whenDown}, ${perSecond} pushes/s of ${agents} agents, ${sent} in all: p50 ${p50.before} ms before`,
    `${p50.after} ms ${settleS} s after the app's return (at the app after ${lagMs} ms)`,
    `${waiting.before} waiting at its return, ${waiting.after} waiting ${settleS} s later`,
    `the last push ${drainS.toFixed(1)} s after the end of the load`,
    `${wrong.missing} missing, ${wrong.repeated} twice, ${wrong.outOfOrder} out of order`,
  ].join("; ");
}

/** What is wrong with a run. */
export function failuresOf({ p50, lagMs, settleS, drainS, missing, repeated, outOfOrder }: OutageReport): string[] {
  return [
    p50.after > MAX_P50_MS && `p50 is ${p50.after} ms ${settleS} s after the app's return`,
    lagMs > MAX_P50_MS &&
      `half of the pushes need at least ${lagMs} ms to reach the app, ${settleS} s after its return`,
    drainS > DRAIN_S && `pushes wait ${drainS.toFixed(1)} s after the load has ended`,
    missing > 0 && `${missing} pushes with the response 200 are missing`,
    repeated > 0 && `${repeated} pushes reached the app again after it had completed them`,
    outOfOrder > 0 && `${outOfOrder} pushes overtook an earlier one of the same agent`,
  ].filter((text) => text !== false);
}

/** Runs one outage. After the app's return, waits `settleS` seconds, then measures for `measureS` seconds. */
export async function outage(
  scenario: Scenario,
  { settleS, measureS }: { settleS: number; measureS: number },
): Promise<OutageReport> {
  const { whenDown, perSecond, agents } = scenario;
  const folder = mkdtempSync(join(tmpdir(), "airudder-outage-"));
  const log = join(folder, "app.log");
  const scripts = await Promise.all(["app", "proxy"].map((name) => compile(`scripts/chaos/outage/${name}.ts`)));
  const [appScript, proxyScript] = scripts as [Compiled, Compiled];
  const startApp = (port = 0) => Child.start(appScript, [log, String(port), String(RESPONSE_MS)]);
  const children: Child[] = [];
  try {
    const first = await startApp();
    children.push(first.child);
    const port = first.ready as number;
    const target = `http://127.0.0.1:${port}/webhooks/airudder`;
    const options = { target, tunnel: "none", whenDown, journal: join(folder, "journal") };
    const { child: proxy, ready: url } = await Child.start(proxyScript, [JSON.stringify(options)]);
    children.push(proxy);

    const load = new FixedRateLoad(url as string, perSecond, agents);
    await seconds(2);
    const before = load.median(0);
    await first.child.kill();
    await seconds(DOWN_S);
    children.push((await startApp(port)).child);
    const waitingBefore = await proxy.invoke<number>("waiting");
    await seconds(settleS);
    const waitingAfter = await proxy.invoke<number>("waiting");
    const from = Date.now();
    await seconds(measureS);
    load.stop();
    const stoppedAt = Date.now();
    await load.finished();
    while ((await proxy.invoke<number>("waiting")) > 0 && Date.now() - stoppedAt < DRAIN_S * 1_000) await seconds(0.05);
    const drainS = (Date.now() - stoppedAt) / 1_000;
    await seconds(0.5); // responses that are in flight
    const { begins, ...found } = check(readFileSync(log, "utf8"), await proxy.invoke("order"), load.acknowledged);
    const lags = [...load.sentAt].flatMap(([id, at]) => (at >= from ? [(begins.get(id) ?? Date.now()) - at] : []));
    return {
      ...scenario,
      sent: load.sentAt.size,
      p50: { before, after: load.median(from) },
      lagMs: medianOf(lags),
      settleS,
      waiting: { before: waitingBefore, after: waitingAfter },
      drainS,
      ...found,
    };
  } finally {
    await Promise.all(children.map((child) => child.kill()));
    for (const script of scripts) script.remove();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

type Compiled = Awaited<ReturnType<typeof compile>>;

/** Reads the log of the app. A push that was in flight when the app was killed may reach it again: its result is unknown. */
function check(log: string, order: readonly string[], acknowledged: ReadonlySet<string>) {
  const positions = new Map(order.map((id, position) => [id, position]));
  const begins = new Map<string, number>();
  const ended = new Set<string>();
  const newest = new Map<string, number>();
  let repeated = 0;
  let outOfOrder = 0;
  for (const line of log.split("\n")) {
    const [word = "", id = "", at] = line.split(" ");
    if (word === "end") ended.add(id);
    if (word !== "begin") continue;
    if (ended.has(id)) repeated++;
    if (begins.has(id)) continue;
    begins.set(id, Number(at));
    const [agent = ""] = id.split("/");
    const position = positions.get(id) ?? -1;
    const last = newest.get(agent) ?? -1;
    if (last > position) outOfOrder++;
    newest.set(agent, Math.max(last, position));
  }
  return { begins, missing: [...acknowledged].filter((id) => !ended.has(id)).length, repeated, outOfOrder };
}

/** Sends pushes at a fixed rate, as the vendor does: it does not wait for the responses. */
class FixedRateLoad {
  readonly sentAt = new Map<string, number>();
  readonly acknowledged = new Set<string>();
  readonly #times: { at: number; ms: number }[] = [];
  readonly #agent = new Agent({ keepAlive: true });
  readonly #open = new Set<Promise<void>>();
  readonly #timer: NodeJS.Timeout;
  readonly #start = performance.now();
  #count = 0;

  constructor(
    private readonly url: string,
    perSecond: number,
    private readonly agents: number,
  ) {
    this.#timer = setInterval(() => {
      const due = ((performance.now() - this.#start) * perSecond) / 1_000;
      while (this.#count < due) this.#send(this.#count++);
    }, 5);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Resolves when every push has a response. */
  async finished(): Promise<void> {
    await Promise.all(this.#open);
    this.#agent.destroy();
  }

  /** Median response time of the pushes that were sent since `from` and have a response. */
  median(from: number): number {
    return medianOf(this.#times.flatMap(({ at, ms }) => (at >= from ? [ms] : [])));
  }

  #send(number: number): void {
    const agentName = `agent-${number % this.agents}`;
    const id = `${agentName}/${number}`;
    const body = JSON.stringify({ type: "AgentStatus", body: { agentName, State: "CALLING", taskId: "task", number } });
    const at = Date.now();
    this.sentAt.set(id, at);
    const response = this.#post(id, body).then((status) => {
      this.#open.delete(response);
      this.#times.push({ at, ms: Date.now() - at });
      if (status === 200) this.acknowledged.add(id);
    });
    this.#open.add(response);
  }

  #post(id: string, body: string): Promise<number | undefined> {
    return new Promise((resolve) => {
      const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(body) };
      const request = httpRequest(
        `${this.url}?id=${id}`,
        { method: "POST", agent: this.#agent, headers },
        (response) => {
          response.resume();
          response.on("close", () => resolve(response.complete ? response.statusCode : undefined));
        },
      );
      request.on("error", () => resolve(undefined));
      request.end(body);
    });
  }
}

function medianOf(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;
}

function seconds(duration: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, duration * 1_000));
}
