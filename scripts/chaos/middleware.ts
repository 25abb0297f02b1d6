import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Stats } from "airudder-webhooks";
import { Child, compile } from "../child.js";
import type { AppOptions } from "./app.js";
import { type Sent, VendorLoad } from "./vendor-load.js";

const SENDERS = 32;
/** Small, so that the inbox often creates and removes files. */
const SEGMENT_BYTES = 256 * 1024;
const MAX_RUN_MS = 1_500;
/** A push may be handled again if a kill followed within this time: the record of its result may not have been on disk. */
const MAX_REPEAT_MS = 2_000;

/** Result of a run. */
export interface CrashReport {
  readonly kills: number;
  readonly sent: number;
  readonly acknowledged: number;
  readonly handled: number;
  /** Pushes that were handled again, because a kill interrupted them. */
  readonly repeated: number;
  readonly attempts: number;
  readonly failures: readonly string[];
}

/**
 * Uses SIGKILL to kill an app with a file inbox, at random moments under load and while it starts. Each push must finally be handled, and
 * only once unless a kill interrupted it.
 * @throws if a check fails
 */
export default async function middlewareChaos({ short }: { short: boolean }): Promise<void> {
  const report = await crash(short ? 5 : 50);
  const { kills, sent, acknowledged, handled, repeated, attempts, failures } = report;
  console.log(
    `${kills} kills: ${sent} pushes sent in ${attempts} attempts, ${acknowledged} acknowledged, ${handled} handled, ${repeated} of them again because a kill interrupted them`,
  );
  if (failures.length > 0) throw new Error(`the middleware did not meet its guarantees:\n${failures.join("\n")}`);
}

/** Runs the load, and kills and restarts the app `kills` times. */
export async function crash(kills: number): Promise<CrashReport> {
  const folder = mkdtempSync(join(tmpdir(), "airudder-chaos-"));
  const log = join(folder, "handled");
  const script = await compile("scripts/chaos/app.ts");
  const killedAt: number[] = [];
  let port = 0;
  const start = async (): Promise<Child> => {
    const processNumber = killedAt.length + 1;
    const options: AppOptions = {
      dir: join(folder, "inbox"),
      log,
      processNumber,
      port,
      segmentBytes: SEGMENT_BYTES,
      handlerMs: 5,
    };
    const { child, ready } = await Child.start(script, [JSON.stringify(options)]);
    port = ready as number;
    return child;
  };
  let app = await start();
  try {
    const load = new VendorLoad(port, SENDERS);
    while (killedAt.length < kills) {
      await pause(Math.random() * MAX_RUN_MS);
      await app.kill("SIGKILL");
      killedAt.push(Date.now());
      app = await start();
    }
    const sent = await load.finish();
    await drained(app);
    await app.invoke("close");
    return reportOf(sent, readFileSync(log, "utf8"), killedAt);
  } finally {
    await app.kill();
    script.remove();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

async function drained(app: Child): Promise<void> {
  const end = Date.now() + 60_000;
  while ((await app.invoke<Stats>("stats")).inbox?.queued !== 0) {
    if (Date.now() > end) return;
    await pause(50);
  }
}

/** One time that the handler completed. */
interface HandlerRun {
  processNumber: number;
  at: number;
}

function reportOf(sent: Sent, log: string, killedAt: readonly number[]): CrashReport {
  const runs = new Map<string, HandlerRun[]>();
  let handled = 0;
  for (const line of log.split("\n").slice(0, -1)) {
    const [processNumber, at, call = ""] = line.split(" ");
    runs.set(call, [...(runs.get(call) ?? []), { processNumber: Number(processNumber), at: Number(at) }]);
    handled++;
  }
  const failures = [
    ...[...sent.acknowledged].filter((call) => !runs.has(call)).map((call) => `${call}: acknowledged, never handled`),
    ...[...sent.calls].filter((call) => !runs.has(call)).map((call) => `${call}: sent, never handled`),
    ...sent.givenUp.map((call) => `${call}: given up after six attempts`),
    ...[...runs].flatMap(([call, all]) => wrongRepeats(call, all, killedAt)),
  ];
  const kills = killedAt.length;
  const { calls, acknowledged, attempts } = sent;
  const repeated = handled - runs.size;
  return { kills, sent: calls.size, acknowledged: acknowledged.size, handled, repeated, attempts, failures };
}

/** A push may be handled again only by a later process, and only if the previous one was killed shortly after the first time. */
function wrongRepeats(call: string, runs: readonly HandlerRun[], killedAt: readonly number[]): string[] {
  return runs.slice(1).flatMap((run, i) => {
    const before = runs[i] as HandlerRun;
    if (run.processNumber <= before.processNumber) return [`${call}: handled twice by process ${run.processNumber}`];
    const end = killedAt[before.processNumber - 1] ?? 0;
    return end - before.at > MAX_REPEAT_MS
      ? [`${call}: handled again, although the kill was ${end - before.at} ms after the first time`]
      : [];
  });
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
