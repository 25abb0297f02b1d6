import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Child, compile } from "../child.js";
import type { AppOptions } from "./app.js";
import { type Answers, ATTACKS, attack } from "./attacks.js";
import { diskChaos } from "./disk.js";
import { Honest, type Service } from "./steady-load.js";

const MOST_P99_MS = 1_000;
const MOST_RSS_MB = 600;
const MB = 2 ** 20;

/**
 * Everything that is done to a public address, while honest pushes come: these are answered within a second at p99, memory stays bounded,
 * and every refusal is one of the documented ones. Then a disk that fills up, and one that cannot be written.
 * @throws when anything is missed
 */
export default async function abuseChaos({ short }: { short: boolean }): Promise<void> {
  const missed = [...(await abuse(short ? 0.02 : 1)), ...(await diskChaos())];
  if (missed.length > 0) throw new Error(`the middleware did not meet its guarantees:\n${missed.join("\n")}`);
}

/** @param scale 1 for the whole of it; small ones have short time limits as well */
export async function abuse(scale: number): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), "airudder-abuse-"));
  const script = await compile("scripts/chaos/app.ts");
  const options: AppOptions = { dir: join(folder, "inbox"), ...(scale < 1 ? { bodyTimeoutMs: 1_500 } : {}) };
  const { child: app, ready } = await Child.start(script, [JSON.stringify(options)], { flags: ["--expose-gc"] });
  const port = ready as number;
  const missed: string[] = [];
  try {
    const before = (await app.invoke<{ rss: number }>("memory")).rss / MB;
    for (const [i, { name, allowed, count, atOnce, prepare }] of ATTACKS.entries()) {
      const act = prepare();
      const honest = new Honest(port, `honest-${i}`);
      const answers = await attack(port, { count: count * scale, atOnce }, act);
      const service = await honest.finish();
      const wrong = judge(answers, allowed, service).map((text) => `${name}: ${text}`);
      missed.push(...wrong);
      console.log(
        `${wrong.length > 0 ? "MISS" : "ok  "} ${name}: ${describe(answers)}; honest pushes: ${describeService(service)}`,
      );
    }
    const { rss, mostRss } = await app.invoke<{ rss: number; mostRss: number }>("memory");
    const [end, peak] = [rss / MB, mostRss / MB];
    console.log(
      `resident memory: ${before.toFixed(0)} MB before, ${peak.toFixed(0)} MB at its peak, ${end.toFixed(0)} MB after`,
    );
    if (peak > MOST_RSS_MB) missed.push(`resident memory rose to ${peak.toFixed(0)} MB`);
  } finally {
    await app.kill();
    script.remove();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
  return missed;
}

function judge(answers: Answers, allowed: readonly string[], { p99Ms, refused }: Service): string[] {
  return [
    ...[...answers.keys()].filter((answer) => !allowed.includes(answer)).map((answer) => `answered ${answer}`),
    ...(p99Ms > MOST_P99_MS ? [`honest pushes waited ${p99Ms.toFixed(0)} ms at p99`] : []),
    ...[...new Set(refused)].map((answer) => `an honest push got ${answer}`),
  ];
}

function describe(answers: Answers): string {
  return [...answers].map(([answer, count]) => `${count} x ${answer}`).join(", ");
}

function describeService({ pushes, p50Ms, p99Ms, worstMs }: Service): string {
  return `${pushes}, p50 ${p50Ms.toFixed(1)} ms, p99 ${p99Ms.toFixed(0)} ms, worst ${worstMs.toFixed(0)} ms`;
}
