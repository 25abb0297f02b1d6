import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Child, compile } from "../child.js";
import type { AppOptions } from "./app.js";
import { ATTACKS, attack, type ResponseCounts } from "./attacks.js";
import { diskChaos } from "./disk.js";
import { type LoadReport, SteadyLoad } from "./steady-load.js";

const MAX_P99_MS = 1_000;
const MAX_RSS_MB = 600;
const MB = 2 ** 20;

/**
 * Attacks an app while valid pushes arrive. These must get a response within a second at p99, memory must stay bounded, and each attack must
 * get only responses from its `allowed` list. Then tests a full disk and a read-only one.
 * @throws if a check fails
 */
export default async function abuseChaos({ short }: { short: boolean }): Promise<void> {
  const failures = [...(await abuse(short ? 0.02 : 1)), ...(await diskChaos())];
  if (failures.length > 0) throw new Error(`the middleware did not meet its guarantees:\n${failures.join("\n")}`);
}

/** @param scale 1 runs the full size; a smaller value also shortens the time limits */
export async function abuse(scale: number): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), "airudder-abuse-"));
  const script = await compile("scripts/chaos/app.ts");
  const options: AppOptions = { dir: join(folder, "inbox"), ...(scale < 1 ? { bodyTimeoutMs: 1_500 } : {}) };
  const { child: app, ready } = await Child.start(script, [JSON.stringify(options)], { flags: ["--expose-gc"] });
  const port = ready as number;
  const failures: string[] = [];
  try {
    const before = (await app.invoke<{ rss: number }>("memory")).rss / MB;
    for (const [i, { name, allowed, count, concurrency, prepare }] of ATTACKS.entries()) {
      const attackThrough = prepare();
      const load = new SteadyLoad(port, `valid-${i}`);
      const responses = await attack(port, { count: count * scale, concurrency }, attackThrough);
      const report = await load.finish();
      const wrong = failuresOf(responses, allowed, report).map((text) => `${name}: ${text}`);
      failures.push(...wrong);
      console.log(
        `${wrong.length > 0 ? "FAIL" : "ok  "} ${name}: ${describe(responses)}; valid pushes: ${describeLoad(report)}`,
      );
    }
    const { rss, maxRss } = await app.invoke<{ rss: number; maxRss: number }>("memory");
    const [end, peak] = [rss / MB, maxRss / MB];
    console.log(
      `resident memory: ${before.toFixed(0)} MB before, ${peak.toFixed(0)} MB at its peak, ${end.toFixed(0)} MB after`,
    );
    if (peak > MAX_RSS_MB) failures.push(`resident memory rose to ${peak.toFixed(0)} MB`);
  } finally {
    await app.kill();
    script.remove();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
  return failures;
}

function failuresOf(responses: ResponseCounts, allowed: readonly string[], { p99Ms, failed }: LoadReport): string[] {
  return [
    ...[...responses.keys()]
      .filter((response) => !allowed.includes(response))
      .map((response) => `response ${response}`),
    ...(p99Ms > MAX_P99_MS ? [`valid pushes waited ${p99Ms.toFixed(0)} ms at p99`] : []),
    ...[...new Set(failed)].map((response) => `a valid push got the response ${response}`),
  ];
}

function describe(responses: ResponseCounts): string {
  return [...responses].map(([response, count]) => `${count} x ${response}`).join(", ");
}

function describeLoad({ pushes, p50Ms, p99Ms, maxMs }: LoadReport): string {
  return `${pushes}, p50 ${p50Ms.toFixed(1)} ms, p99 ${p99Ms.toFixed(0)} ms, maximum ${maxMs.toFixed(0)} ms`;
}
