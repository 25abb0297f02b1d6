import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Child, compile } from "../child.js";
import { newCalls } from "../load/pushes.js";
import { compareServers, type ServerResult, type ServerUnderLoad } from "./compare-servers.js";
import type { BenchOptions } from "./options.js";
import { type Figures, figures, printFigures, printRows, type Row, type Spread, speedRatio, spread } from "./table.js";

const SCRIPT = "scripts/bench/proxy/server.ts";
const SECRET = "bench-secret-bench-secret";
const PATH = `/in/${SECRET}`;

/** Compares the dev proxy, which writes each push to disk before it forwards the push, with proxies that record nothing. */
export default async function benchProxy({
  short,
}: BenchOptions): Promise<{ rows: Row[]; servers: Record<string, Figures> }> {
  const folder = mkdtempSync(join(tmpdir(), "airudder-bench-"));
  const compiled = await compile(SCRIPT);
  const { child: app, ready: port } = await Child.start(compiled, ["app"]);
  const target = `http://127.0.0.1:${port}${PATH}`;
  const serverOf = (server: string, index: number): ServerUnderLoad => ({
    server,
    args: [target, journalIn(folder, index)],
    traffic: () => newCalls(4096, PATH),
  });
  const measure = (connections: number, first: number) =>
    compareServers(
      {
        "dev proxy": serverOf("dev proxy", first),
        "http-proxy-middleware": serverOf("http-proxy-middleware", 0),
        "plain pipe": serverOf("plain pipe", 0),
      },
      {
        connections,
        script: SCRIPT,
        ...(short ? { rounds: 3, milliseconds: 150, warmUp: 300 } : { rounds: 15, milliseconds: 500, warmUp: 2_500 }),
      },
    );
  try {
    console.log(
      "call.completed of 1.9 KB, each for a new call; the dev proxy writes each push to disk (fdatasync) before it forwards the push",
    );
    const many = await measure(64, 1);
    const one = await measure(1, 2);
    const { "dev proxy": measured, "http-proxy-middleware": bare, "plain pipe": pipe } = many;
    const rows: Row[] = [
      {
        what: "64 connections, compared with bare http-proxy-middleware",
        value: speedRatio(measured, bare),
        unit: "x",
        goal: { min: 0.8 },
      },
      { what: "64 connections, compared with a plain pipe", value: speedRatio(measured, pipe), unit: "x" },
      {
        what: "1 connection, time added at p50",
        value: addedLatency(one["dev proxy"], one["http-proxy-middleware"]),
        unit: " ms",
        goal: { max: 0.75 },
      },
    ];
    const figuresByServer = Object.fromEntries([
      ...Object.entries(many).map(([name, result]) => [`${name}, 64 connections`, figures(result)]),
      ...Object.entries(one).map(([name, result]) => [`${name}, 1 connection`, figures(result)]),
    ]) as Record<string, Figures>;
    printFigures(figuresByServer);
    printRows(rows);
    return { rows, servers: figuresByServer };
  } finally {
    await app.kill();
    compiled.remove();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Creates a folder for a journal, with a secret that is known before the dev proxy starts. */
function journalIn(folder: string, index: number): string {
  const journal = join(folder, String(index));
  mkdirSync(journal, { recursive: true, mode: 0o700 });
  const config = { secret: SECRET, subdomain: "airudder-bench", token: "bench-token-bench-token-bench-token" };
  writeFileSync(join(journal, "config.json"), JSON.stringify(config), { mode: 0o600 });
  return journal;
}

/** Difference of the median latencies, per round. */
function addedLatency(measured: ServerResult, baseline: ServerResult): Spread {
  const median = (latencies: Float64Array): number => latencies.toSorted()[latencies.length >> 1] ?? Number.NaN;
  return spread(
    measured.rounds.map(
      ({ latencies }, i) => median(latencies) - median(baseline.rounds[i]?.latencies ?? new Float64Array()),
    ),
  );
}
