import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { buildSync } from "esbuild";
import { atEnd } from "../../helpers/at-end.js";
import { bundleOptions, programs } from "../../helpers/devproxy-programs.js";
import { makeFolder } from "../../helpers/folder.js";
import { freePort } from "../../helpers/free-port.js";

export const DEFECTS = [
  "none",
  "no duplicate check",
  "work before response",
  "parser before receiver",
  "catch-all 200",
  "always 200",
  "lost on crash",
  "order ignored",
] as const;

export type Defect = (typeof DEFECTS)[number];

/** The app of app.fixture.ts. */
export interface AppOptions {
  folder: string;
  port: number;
  mode: "direct" | "inbox";
  defect: Defect;
  /** The vendor's limit for a response, ms. */
  limitMs: number;
  key: string;
  token: string;
}

let program: string | undefined;

/** The app as plain JavaScript, compiled once per test file. */
export function appProgram(): string {
  if (program !== undefined) return program;
  const options = bundleOptions();
  const entry = fileURLToPath(new URL("app.fixture.ts", import.meta.url));
  buildSync({ ...options, entryPoints: { app: entry } });
  program = join(options.outdir, "app.mjs");
  return program;
}

/** An app in a child process, which can be killed and started again. */
export class DrilledApp {
  #child: ChildProcess | undefined;

  private constructor(readonly options: AppOptions) {}

  static async start(t: TestContext, options: Pick<AppOptions, "mode" | "defect" | "limitMs">): Promise<DrilledApp> {
    const app = new DrilledApp({
      folder: makeFolder(t),
      port: await freePort(),
      key: "k3y",
      token: "t0ken",
      ...options,
    });
    atEnd(t, () => app.kill());
    await app.start();
    return app;
  }

  get url(): string {
    return `http://127.0.0.1:${this.options.port}/webhooks/airudder`;
  }

  async start(): Promise<void> {
    const args = ["--import", programs().exitWithParent, appProgram(), JSON.stringify(this.options)];
    const child = spawn(process.execPath, args, {
      stdio: ["ignore", "pipe", "inherit"],
      env: { ...process.env, NODE_ENV: "test" }, // Express then prints no errors
    });
    this.#child = child;
    await once(child.stdout as NodeJS.ReadableStream, "data");
  }

  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null) return;
    const closed = once(child, "close");
    child.kill("SIGKILL");
    await closed;
  }

  /** The number of rows, and how many calls are in each state. */
  verify(): { rows: number; states: Record<string, number> } {
    const text = (name: string) => {
      const file = join(this.options.folder, name);
      return existsSync(file) ? readFileSync(file, "utf8") : "";
    };
    const states: Record<string, number> = {};
    for (const payload of Object.values(JSON.parse(text("states.json") || "{}") as Record<string, never>)) {
      const { body } = (payload as { pds: { body: { state?: string; State?: string } } }).pds;
      const state = String(body.state ?? body.State);
      states[state] = (states[state] ?? 0) + 1;
    }
    return { rows: text("rows.txt").split("\n").length - 1, states };
  }
}
