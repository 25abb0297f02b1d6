import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";

const BIN = fileURLToPath(new URL("../../../devproxy/bin/airudder-devproxy.js", import.meta.url));

/** One run of a command. */
export interface Run {
  /** From its start to its end. */
  readonly seconds: number;
  /** User CPU time of all its threads. */
  readonly userSeconds: number;
  /** Peak resident memory. */
  readonly mb: number;
  /** From its first output to its last. 0 if the output was discarded. */
  readonly printingSeconds: number;
}

/** At exit, writes the resource usage to file descriptor 3. Responds to each message with the current usage of memory and CPU. */
const PROBE = `data:text/javascript,${encodeURIComponent(`
  import { writeSync } from "node:fs";
  process.on("exit", () => { try { writeSync(3, JSON.stringify(process.resourceUsage())); } catch {} });
  process.on("message", () => process.send({ ...process.memoryUsage(), cpu: process.cpuUsage() }));
  process.channel?.unref();
`)}`;

type Output = "ignore" | "pipe";

function start(args: readonly string[], out: Output, err: Output | "inherit"): ChildProcess {
  return spawn(process.execPath, ["--import", PROBE, BIN, ...args], { stdio: ["ignore", out, err, "pipe", "ipc"] });
}

/**
 * What happens to the output of a command: it is discarded, it is read, or it stays unread until the pipe is closed after `unreadMs`, which
 * ends the command.
 */
export type OutputUse = "discarded" | "read" | { readonly unreadMs: number };

/**
 * Runs a command in its own process until it ends.
 * @throws if its exit code is not 0
 */
export async function run(args: readonly string[], use: OutputUse = "discarded"): Promise<Run> {
  const startedAt = performance.now();
  const child = start(args, use === "discarded" ? "ignore" : "pipe", "inherit");
  const usage = text(child.stdio[3] as Readable);
  const closed = once(child, "close");
  let first: number | undefined;
  let last = 0;
  if (use === "read") {
    child.stdout?.on("data", () => {
      last = performance.now();
      first ??= last;
    });
  } else if (use !== "discarded") setTimeout(() => child.stdout?.destroy(), use.unreadMs);
  const [code] = await closed;
  if (code !== 0) throw new Error(`airudder-devproxy ${args.join(" ")} ended with ${code}.`);
  const seconds = (performance.now() - startedAt) / 1_000;
  const { maxRSS, userCPUTime } = JSON.parse(await usage) as NodeJS.ResourceUsage;
  const printingSeconds = (last - (first ?? last)) / 1_000;
  return { seconds, userSeconds: userCPUTime / 1e6, mb: maxRSS / 1_000, printingSeconds };
}

/**
 * The lines of JSON that a command prints.
 * @throws if its exit code is not 0
 */
export async function linesOf(args: readonly string[]): Promise<Record<string, unknown>[]> {
  const child = spawn(process.execPath, [BIN, ...args], { stdio: ["ignore", "pipe", "inherit"] });
  const closed = once(child, "close");
  const output = await text(child.stdout);
  const [code] = await closed;
  if (code !== 0) throw new Error(`airudder-devproxy ${args.join(" ")} ended with ${code}.`);
  return output
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line));
}

/** The memory of a process. */
export interface Memory {
  /** Includes memory that the program has freed and the C library has not yet returned to the operating system. */
  readonly residentMb: number;
  /** What the program uses: the heap of V8, and the bytes of buffers. */
  readonly usedMb: number;
}

/** A `listen` in its own process. */
export class Listening {
  private constructor(
    private readonly child: ChildProcess,
    readonly url: string,
    /** URL of the inspector, with its token. */
    readonly inspector: string,
    /** From its start to its event `ready`. */
    readonly seconds: number,
  ) {}

  /** @throws if it ends before it is ready */
  static async start(folder: string, target: string): Promise<Listening> {
    const startedAt = performance.now();
    const flags = ["--json", "--tunnel", "none", "--target", target, "--journal", folder];
    const child = start(["listen", ...flags], "pipe", "pipe");
    const notes = text(child.stderr as Readable);
    const ended = once(child, "close").then(async () => {
      throw new Error(`airudder-devproxy listen ended: ${await notes}`);
    });
    ended.catch(() => undefined);
    const lines = createInterface({ input: child.stdout as Readable });
    const [line] = await Promise.race([once(lines, "line"), ended]);
    const { local, inspector } = JSON.parse(line);
    return new Listening(child, local, inspector, (performance.now() - startedAt) / 1_000);
  }

  async memory(): Promise<Memory> {
    const { rss, heapUsed, external } = await this.#usage();
    return { residentMb: rss / 1e6, usedMb: (heapUsed + external) / 1e6 };
  }

  /** CPU time of all its threads since its start, microseconds. */
  async cpuMicroseconds(): Promise<number> {
    const { user, system } = (await this.#usage()).cpu;
    return user + system;
  }

  async #usage(): Promise<NodeJS.MemoryUsage & { cpu: NodeJS.CpuUsage }> {
    this.child.send("usage");
    const [usage] = await once(this.child, "message");
    return usage;
  }

  async stop(): Promise<void> {
    const closed = once(this.child, "close");
    this.child.kill("SIGTERM");
    await closed;
  }
}
