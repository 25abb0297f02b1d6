import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Stats } from "airudder-webhooks";
import { Child, compile } from "../child.js";
import { Client } from "../load/client.js";
import { newCalls } from "../load/pushes.js";
import type { AppOptions } from "./app.js";

const CONNECTIONS = 64;
const MB = 2 ** 20;
const MAX_GROWTH_MB = 50;
/** Resources that every process has, such as the pipes to its parent. */
const PROCESS_RESOURCES = new Set(["PipeWrap", "TTYWrap", "FSReqPromise"]);

/** Result of a run. Sizes in MB. */
export interface SoakReport {
  readonly pushes: number;
  readonly rss: readonly [early: number, end: number];
  readonly inbox: readonly [early: number, end: number];
  readonly peakRss: number;
  readonly left: readonly string[];
}

/**
 * Sends a million pushes, each for a new call. After the first 50,000, memory and inbox must not grow by more than 50 MB each. `close()` must
 * release all resources.
 * @throws if a check fails
 */
export default async function soakChaos({ short }: { short: boolean }): Promise<void> {
  const report = await soak(short ? { early: 10_000, pushes: 40_000 } : { early: 50_000, pushes: 1_000_000 });
  const { pushes, rss, inbox, peakRss, left } = report;
  const [from, to] = [rss, inbox].map(
    ([early, end]) => `${early.toFixed(0)} MB early, ${end.toFixed(0)} MB at the end`,
  );
  console.log(
    `${pushes} pushes: resident ${from} (peak ${peakRss.toFixed(0)} MB), inbox ${to}; left: ${left.join(", ") || "nothing"}`,
  );
  const failures = failuresOf(report);
  if (failures.length > 0) throw new Error(`the middleware did not meet its guarantees:\n${failures.join("\n")}`);
}

export function failuresOf({ rss, inbox, left }: SoakReport): string[] {
  return [
    ...(rss[1] - rss[0] > MAX_GROWTH_MB ? [`resident memory grew by ${(rss[1] - rss[0]).toFixed(0)} MB`] : []),
    ...(inbox[1] - inbox[0] > MAX_GROWTH_MB ? [`the inbox grew by ${(inbox[1] - inbox[0]).toFixed(0)} MB`] : []),
    ...left.map((handle) => `after close(), a ${handle} is still active`),
  ];
}

/** Sends pushes. Measures after the first `early` pushes and at the end. */
export async function soak({ early, pushes }: { early: number; pushes: number }): Promise<SoakReport> {
  const folder = mkdtempSync(join(tmpdir(), "airudder-soak-"));
  const dir = join(folder, "inbox");
  const script = await compile("scripts/chaos/app.ts");
  const options: AppOptions = { dir };
  // Node 24 lets the young generation grow for a while, which looks like a leak in a short run.
  const flags = ["--expose-gc", "--max-semi-space-size=8"];
  const { child: app, ready } = await Child.start(script, [JSON.stringify(options)], { flags });
  try {
    const client = await Client.open(ready as number, CONNECTIONS, newCalls());
    const measure = async (): Promise<{ rss: number; inbox: number; peak: number }> => {
      await drained(app);
      const { rss, maxRss } = await app.invoke<{ rss: number; maxRss: number }>("memory");
      return { rss: rss / MB, peak: maxRss / MB, inbox: folderBytes(dir) / MB };
    };
    let sent = 0;
    while (sent < early) sent += (await client.run(250)).requests;
    const before = await measure();
    while (sent < pushes) sent += (await client.run(1_000)).requests;
    const after = await measure();
    client.close();
    const left = (await app.invoke<string[]>("close")).filter((handle) => !PROCESS_RESOURCES.has(handle));
    return {
      pushes: sent,
      rss: [before.rss, after.rss],
      inbox: [before.inbox, after.inbox],
      peakRss: after.peak,
      left,
    };
  } finally {
    await app.kill();
    script.remove();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

async function drained(app: Child): Promise<void> {
  const end = Date.now() + 60_000;
  while ((await app.invoke<Stats>("stats")).inbox?.queued !== 0) {
    if (Date.now() > end) throw new Error("The inbox was not empty within a minute.");
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  await new Promise((resolve) => setTimeout(resolve, 500)); // files are removed in the background
}

function folderBytes(dir: string): number {
  return readdirSync(dir).reduce(
    (sum, name) => sum + (statSync(join(dir, name), { throwIfNoEntry: false })?.size ?? 0),
    0,
  );
}
