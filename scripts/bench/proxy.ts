import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Child, compile } from "../child.js";
import { newCalls } from "../load/pushes.js";
import { duel, type Score, type Side } from "./compare-servers.js";
import type { BenchOptions } from "./options.js";
import { type Figures, figures, printFigures, printRows, type Row, type Spread, speedRatio, spread } from "./table.js";

const SCRIPT = "scripts/bench/proxy/server.ts";
const SECRET = "bench-secret-bench-secret";
const PATH = `/in/${SECRET}`;

/** The dev proxy, which records each push durably before it forwards it, against those that record nothing. */
export default async function benchProxy({
  short,
}: BenchOptions): Promise<{ rows: Row[]; sides: Record<string, Figures> }> {
  const folder = mkdtempSync(join(tmpdir(), "airudder-bench-"));
  const compiled = await compile(SCRIPT);
  const { child: app, ready: port } = await Child.start(compiled, ["app"]);
  const target = `http://127.0.0.1:${port}${PATH}`;
  const side = (server: string, index: number): Side => ({
    server,
    args: [target, journalIn(folder, index)],
    traffic: () => newCalls(4096, PATH),
  });
  const measure = (connections: number, first: number) =>
    duel(
      {
        "dev proxy": side("dev proxy", first),
        "http-proxy-middleware": side("http-proxy-middleware", 0),
        "plain pipe": side("plain pipe", 0),
      },
      {
        connections,
        script: SCRIPT,
        ...(short ? { rounds: 3, milliseconds: 150, warmUp: 300 } : { rounds: 15, milliseconds: 500, warmUp: 2_500 }),
      },
    );
  try {
    console.log(
      "call.completed of 1.9 KB, each of another call; every push of the dev proxy's on disk (fdatasync) before it is forwarded",
    );
    const many = await measure(64, 1);
    const one = await measure(1, 2);
    const { "dev proxy": ours, "http-proxy-middleware": bare, "plain pipe": pipe } = many;
    const rows: Row[] = [
      {
        what: "64 connections, against bare http-proxy-middleware",
        value: speedRatio(ours, bare),
        unit: "x",
        goal: { least: 0.6 },
      },
      { what: "64 connections, against a plain pipe", value: speedRatio(ours, pipe), unit: "x" },
      {
        what: "1 connection, added at p50",
        value: added(one["dev proxy"], one["http-proxy-middleware"]),
        unit: " ms",
        goal: { most: 1 },
      },
    ];
    const known = Object.fromEntries([
      ...Object.entries(many).map(([name, score]) => [`${name}, 64 connections`, figures(score)]),
      ...Object.entries(one).map(([name, score]) => [`${name}, 1 connection`, figures(score)]),
    ]) as Record<string, Figures>;
    printFigures(known);
    printRows(rows);
    return { rows, sides: known };
  } finally {
    await app.kill();
    compiled.remove();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A journal's folder whose secret is known before the dev proxy starts. */
function journalIn(folder: string, index: number): string {
  const journal = join(folder, String(index));
  mkdirSync(journal, { recursive: true, mode: 0o700 });
  const config = { secret: SECRET, subdomain: "airudder-bench", token: "bench-token-bench-token-bench-token" };
  writeFileSync(join(journal, "config.json"), JSON.stringify(config), { mode: 0o600 });
  return journal;
}

/** Round by round: the median latency of the one less that of the other. */
function added(ours: Score, theirs: Score): Spread {
  const median = (latencies: Float64Array): number => latencies.toSorted()[latencies.length >> 1] ?? Number.NaN;
  return spread(
    ours.turns.map(({ latencies }, i) => median(latencies) - median(theirs.turns[i]?.latencies ?? new Float64Array())),
  );
}
