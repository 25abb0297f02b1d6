import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Child, compile } from "../child.js";
import { Client } from "../load/client.js";
import { newCalls } from "../load/pushes.js";
import { Listening, type OutputUse, type Run, run } from "./commands/command.js";
import { fill, taskOf } from "./commands/fill.js";
import { sendLargePushes } from "./commands/large-pushes.js";
import type { BenchOptions } from "./options.js";
import { printRows, type Row, spread } from "./table.js";

const SERVER = "scripts/bench/proxy/server.ts";
const CONCURRENCY = 32;
/** Time after the large pushes until memory is measured again. */
const SETTLE_MS = 10_000;
/** How long the output of `list --json` stays unread. */
const UNREAD_MS = 10_000;

/** Upper limits at 300,000 pushes. */
interface Goal {
  /** Seconds. */
  readonly s?: number;
  readonly mb?: number;
}

/**
 * Measures the command line with a large journal, each command in its own process. The time includes the start of the process, opening the journal
 * and printing. Memory is the peak resident memory of that process.
 */
export default async function benchCommands({ short, pushes }: BenchOptions): Promise<{ rows: Row[] }> {
  const size = pushes ?? (short ? 5_000 : 300_000);
  const folder = mkdtempSync(join(tmpdir(), "airudder-bench-"));
  const compiled = await compile(SERVER);
  const { child: app, ready: port } = await Child.start(compiled, ["app"]);
  const target = `http://127.0.0.1:${port}/webhooks/airudder`;
  const { child: bare, ready: barePort } = await Child.start(compiled, ["http-proxy-middleware", target]);
  const bench = new Bench(folder, target, size, short);
  try {
    await fill(folder, size, target);
    await benchOpening(bench);
    await benchReading(bench);
    await benchReplay(bench, barePort as number);
    await benchListen(bench); // last, so that its large pushes are not replayed
    printRows(bench.rows);
    return { rows: bench.rows };
  } finally {
    await app.kill();
    await bare.kill();
    compiled.remove();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** The state that the parts of this benchmark share. */
class Bench {
  readonly rows: Row[] = [];

  constructor(
    readonly folder: string,
    readonly target: string,
    readonly size: number,
    readonly isShort: boolean,
  ) {}

  get rounds(): number {
    return this.isShort ? 1 : 3;
  }

  run(args: readonly string[], use?: OutputUse): Promise<Run> {
    return run([...args, "--journal", this.folder], use);
  }

  /** Runs a command `rounds` times, and adds its time and memory. */
  async measure(args: readonly string[], { rounds = this.rounds, what = args.join(" "), ...goal }: Measure = {}) {
    const runs: Run[] = [];
    for (let round = 0; round < rounds; round++) runs.push(await this.run(args));
    this.add(what, runs, goal);
  }

  /** Adds the time and the memory of runs, with the user CPU time as a note. */
  add(what: string, runs: readonly (Pick<Run, "seconds" | "mb"> & Partial<Run>)[], { s, mb }: Goal = {}): void {
    const users = runs.flatMap(({ userSeconds }) => userSeconds ?? []);
    const note = users.length === 0 ? "" : `user CPU ${spread(users).median.toFixed(2)} s`;
    this.addRow({ what, value: spread(runs.map(({ seconds }) => seconds)), unit: " s", note }, s);
    this.addRow({ what: `${what}: memory`, value: spread(runs.map((one) => one.mb)), unit: " MB" }, mb);
  }

  /** @param max the highest value that meets the goal */
  addRow(row: Row, max?: number): void {
    this.rows.push(max === undefined ? row : { ...row, goal: { max } });
  }
}

interface Measure extends Goal {
  readonly rounds?: number;
  readonly what?: string;
}

/** The first start of `listen` writes index files, and the next ones use them. */
async function benchOpening(bench: Bench): Promise<void> {
  const ready = async () => {
    const listening = await Listening.start(bench.folder, bench.target);
    const found = { seconds: listening.seconds, mb: (await listening.memory()).residentMb };
    await listening.stop();
    return found;
  };
  await bench.measure(["list", "--last", "20"], { what: "list --last 20, no index files", rounds: 1 });
  bench.add("listen ready, no index files", [await ready()]);
  const starts: Awaited<ReturnType<typeof ready>>[] = [];
  for (let round = 0; round < bench.rounds; round++) starts.push(await ready());
  bench.add("listen ready", starts, { s: 2, mb: 300 });
}

/** The commands that read a journal while no process writes to it. */
async function benchReading(bench: Bench): Promise<void> {
  const middle = bench.size >> 1;
  await bench.measure(["list", "--last", "20"], { what: "list --last 20, without a running listen", s: 1, mb: 200 });
  await bench.measure(["list", "--status", "failed", "--last", "20"], { s: 2 });
  await bench.measure(["list", "--task", taskOf(middle)], { what: "list --task of one push", s: 2 });
  await bench.measure(["list", "--type", "call.completed", "--since", "1h", "--last", "20"], { s: 2 });
  await bench.measure(["list", "--text", `C${middle}E`], { what: "list --text of one push", rounds: 1 });
  const many = ["--last", String(Math.min(bench.size, 20_000))];
  await bench.measure(["list", "--json", ...many], { rounds: 1 });
  const unreadMs = bench.isShort ? 2_000 : UNREAD_MS;
  const { mb } = await bench.run(["list", "--json"], { unreadMs });
  const unread = `list --json of all, unread for ${unreadMs / 1_000} s: memory`;
  bench.addRow({ what: unread, value: spread([mb]), unit: " MB" }, 300);
  await bench.measure(["show", String(middle)], { what: "show" });
  await bench.measure(["drift"], { s: 10 });
  await bench.measure(["replay", "--dry-run", ...many], { rounds: 1 });
}

/** Replays at full speed. The ratio uses the time from the first printed line to the last, so it excludes opening the journal. */
async function benchReplay(bench: Bench, barePort: number): Promise<void> {
  const { size, isShort, target } = bench;
  const count = Math.min(size, isShort ? 1_000 : 20_000);
  const options = ["--speed", "max", "--concurrency", String(CONCURRENCY), "--to", target];
  const ratios: number[] = [];
  const replays: Run[] = [];
  for (let round = 0; round < bench.rounds; round++) {
    const client = await Client.open(barePort, CONCURRENCY, newCalls());
    const { requests, seconds } = await client.run(isShort ? 500 : 5_000);
    client.close();
    const replay = await bench.run(["replay", "--last", String(count), ...options], "read");
    replays.push(replay);
    ratios.push(count / replay.printingSeconds / (requests / seconds));
  }
  bench.add(`replay --speed max --last ${count}, including opening the journal`, replays);
  bench.rows.push({
    what: "replay --speed max, excluding opening the journal, compared with load through bare http-proxy-middleware",
    value: spread(ratios),
    unit: "x",
    goal: { min: 0.5 },
  });
}

/** Measures `list` while `listen` runs, and the memory of `listen` after large pushes. */
async function benchListen(bench: Bench): Promise<void> {
  const count = bench.isShort ? 8 : 64;
  const listening = await Listening.start(bench.folder, bench.target);
  try {
    await bench.measure(["list", "--last", "20"], { what: "list --last 20, with a running listen", s: 0.3 });
    const before = await listening.memory();
    await sendLargePushes(listening.url, count);
    const during = await listening.memory();
    await sleep(SETTLE_MS);
    const after = await listening.memory();
    const row = (what: string, mb: number) => ({
      what: `listen, ${count} pushes of 10 MB in parallel: ${what}`,
      value: spread([mb]),
      unit: " MB",
    });
    const later = `${SETTLE_MS / 1_000} s later`;
    bench.addRow(row("resident before", before.residentMb));
    bench.addRow(row("resident right after", during.residentMb));
    bench.addRow(row(`resident ${later}`, after.residentMb), Math.round(during.residentMb / 2));
    bench.addRow(row("used before", before.usedMb));
    bench.addRow(row("used right after", during.usedMb));
    bench.addRow(row(`used ${later}`, after.usedMb), Math.round(1.5 * before.usedMb));
  } finally {
    await listening.stop();
  }
}
