import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { request as httpRequest } from "node:http";
import { createInterface } from "node:readline";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { type Devproxy, type DevproxyEvent, startDevproxy } from "airudder-devproxy";
import { atEnd } from "./at-end.js";
import { programs } from "./devproxy-programs.js";
import { makeFolder } from "./folder.js";
import { RecorderApp } from "./recorder-app.js";

const root = fileURLToPath(new URL("../..", import.meta.url));

export function sha256(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** A published sample, byte for byte. */
export function sample(name: string): Buffer {
  return readFileSync(new URL(`../../schemas/samples/${name}.json`, import.meta.url));
}

/** Polls until the condition is true. Has no time limit. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 10));
}

/** The options of `startDevproxy`, and those for tests. */
export type TestProxyOptions = NonNullable<Parameters<typeof startDevproxy>[0]>;

/** A dev proxy in this process, with an app behind it and the events that it reported. */
export interface TestProxy {
  proxy: Devproxy;
  app: RecorderApp;
  dir: string;
  events: DevproxyEvent[];
}

/** Starts a dev proxy without a tunnel in front of a recording app. Both stop when the test ends. */
export async function startProxy(
  t: TestContext,
  options: Omit<TestProxyOptions, "onEvent"> & { app?: RecorderApp } = {},
): Promise<TestProxy> {
  const { app = await new RecorderApp().start(), ...rest } = options;
  atEnd(t, () => app.stop());
  const dir = options.journal ?? makeFolder(t);
  const events: DevproxyEvent[] = [];
  const proxy = await startDevproxy({
    target: app.url,
    tunnel: "none",
    ...rest,
    journal: dir,
    onEvent: (event) => events.push(event),
  });
  atEnd(t, () => proxy.close());
  return { proxy, app, dir, events };
}

/** The response to a request. */
export interface Reply {
  status: number;
  headers: NodeJS.Dict<string | string[]>;
  body: Buffer;
  text: string;
}

/** Sends a request with these headers; the default content type is JSON. A list of buffers is sent chunk by chunk. */
export function send(
  url: string,
  body: Buffer | string | Buffer[] = "",
  { method = "POST", headers = {} }: { method?: string; headers?: Record<string, string> } = {},
): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest(url, {
      method,
      headers: { "content-type": "application/json", ...headers },
      agent: false,
    });
    outgoing.on("error", reject);
    outgoing.on("response", (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () => {
        const bytes = Buffer.concat(chunks);
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: bytes, text: bytes.toString() });
      });
    });
    if (Array.isArray(body)) {
      for (const chunk of body) outgoing.write(chunk);
      outgoing.end();
    } else outgoing.end(body);
  });
}

/** What a command printed, and how it ended. */
export interface Run {
  code: number | null;
  stdout: Buffer;
  out: string;
  err: string;
  /** The lines of standard output as JSON. */
  lines(): Record<string, unknown>[];
}

function spawnCli(args: readonly string[], cwd: string | undefined, env: NodeJS.ProcessEnv): ChildProcess {
  const { exitWithParent, cli } = programs();
  return spawn(process.execPath, ["--import", exitWithParent, cli, ...args], {
    cwd: cwd ?? root,
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, NO_COLOR: "1", ...env },
  });
}

interface RunOptions {
  cwd?: string;
  env?: NodeJS.ProcessEnv;
}

/** Runs a command of `airudder-devproxy` to its end. */
export function run(args: readonly string[], options: RunOptions = {}): Promise<Run> {
  return startRun(args, options).ended;
}

/** Starts a command of `airudder-devproxy` that can be sent signals. */
export function startRun(
  args: readonly string[],
  { cwd, env = {} }: RunOptions = {},
): { child: ChildProcess; ended: Promise<Run> } {
  const child = spawnCli(args, cwd, env);
  return { child, ended: resultOf(child) };
}

async function resultOf(child: ChildProcess): Promise<Run> {
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout?.on("data", (chunk) => out.push(chunk));
  child.stderr?.on("data", (chunk) => err.push(chunk));
  const [code] = await once(child, "close");
  const stdout = Buffer.concat(out);
  return {
    code,
    stdout,
    out: stdout.toString(),
    err: Buffer.concat(err).toString(),
    lines: () =>
      stdout
        .toString()
        .split("\n")
        .filter((line) => line !== "")
        .map((line) => JSON.parse(line)),
  };
}

/** `listen --json` in a process of its own, which can be killed. */
export class ListenProcess {
  readonly events: Record<string, unknown>[] = [];
  err = "";
  readonly #closed: Promise<number | null>;

  private constructor(readonly child: ChildProcess) {
    createInterface({ input: child.stdout as NodeJS.ReadableStream }).on("line", (line) =>
      this.events.push(JSON.parse(line)),
    );
    child.stderr?.on("data", (chunk) => {
      this.err += chunk;
    });
    this.#closed = once(child, "close").then(([code]) => code);
  }

  /** Starts it and waits for its `ready`. */
  static async start(t: TestContext, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<ListenProcess> {
    const listening = new ListenProcess(spawnCli(["listen", "--json", "--tunnel", "none", ...args], undefined, env));
    atEnd(t, () => listening.kill());
    await until(() => listening.events.length > 0 || listening.child.exitCode !== null);
    if (listening.events.length === 0) throw new Error(`listen did not start: ${listening.err}`);
    return listening;
  }

  get localUrl(): string {
    return String(this.events[0]?.local);
  }

  /** Starts a proxy with options that the command line does not have. */
  static async startWith(t: TestContext, options: TestProxyOptions): Promise<ListenProcess> {
    const program = programs();
    const child = spawn(
      process.execPath,
      ["--import", program.exitWithParent, program.child, JSON.stringify(options)],
      {
        cwd: root,
        stdio: ["ignore", "pipe", "pipe"],
      },
    );
    const listening = new ListenProcess(child);
    atEnd(t, () => listening.kill());
    await until(() => listening.events.length > 0 || child.exitCode !== null);
    if (listening.events.length === 0) throw new Error(`the proxy did not start: ${listening.err}`);
    return listening;
  }

  /** SIGTERM; gives the exit code. */
  stop(): Promise<number | null> {
    this.child.kill("SIGTERM");
    return this.#closed;
  }

  /** SIGKILL: nothing is flushed. */
  async kill(): Promise<void> {
    this.child.kill("SIGKILL");
    await this.#closed;
  }
}
