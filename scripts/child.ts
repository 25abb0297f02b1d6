import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build, type Plugin } from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));

/** A script compiled as its users run it: no loader in between, and none of the helpers that one leaves in hot functions. */
export interface Compiled {
  readonly file: string;
  remove(): void;
}

/**
 * Bundles a TypeScript file with our own sources into one of plain JavaScript; what comes from npm stays outside.
 * @param source path from the root of the repository
 * @param mutations changes of our source code, to test that a check detects them
 */
export async function compile(source: string, mutations: readonly Mutation[] = []): Promise<Compiled> {
  const folder = mkdtempSync(join(root, "node_modules", ".bench-"));
  const file = join(folder, "script.mjs");
  await build({
    entryPoints: [join(root, source)],
    outfile: file,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    sourcemap: "inline",
    logLevel: "error",
    // Whatever is no path of ours is a package; ours are mapped to their sources by tsconfig.json.
    external: EXTERNAL,
    plugins: [mutate(mutations)],
  });
  return { file, remove: () => rmSync(dirname(file), { recursive: true, force: true }) };
}

/** A text in a source file, and its replacement. */
export interface Mutation {
  /** Path from the root of the repository. */
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

function mutate(mutations: readonly Mutation[]): Plugin {
  return {
    name: "mutate",
    setup({ onLoad }) {
      onLoad({ filter: /\.ts$/ }, ({ path }) => {
        const own = mutations.filter(({ file }) => path === join(root, file));
        if (own.length === 0) return undefined;
        let contents = readFileSync(path, "utf8");
        for (const { file, from, to } of own) {
          if (!contents.includes(from)) throw new Error(`${file} has no such text to change: ${from}`);
          contents = contents.replace(from, to);
        }
        return { contents, loader: "ts" };
      });
    },
  };
}

const EXTERNAL = [
  "express",
  "fastify",
  "@octokit/webhooks",
  "@line/bot-sdk",
  "ajv",
  "lowdb",
  "lowdb/node",
  "http-proxy-middleware",
  "localtunnel",
];

/** A process of its own that answers questions: `{ ask }` comes back as `{ ask, value }`. */
export class Child {
  private constructor(readonly process: ChildProcess) {}

  /**
   * Starts a compiled script and waits until it says that it is ready.
   * @param options.env on top of ours; `options.flags` for node itself
   */
  static async start(
    { file }: Compiled,
    args: readonly string[],
    options: { env?: Record<string, string>; flags?: readonly string[] } = {},
  ): Promise<{ child: Child; ready: unknown }> {
    const child = new Child(
      fork(file, [...args], {
        execArgv: [...(options.flags ?? [])],
        env: { ...process.env, NODE_ENV: "production", ...options.env },
        stdio: ["ignore", "inherit", "inherit", "ipc"],
      }),
    );
    return { child, ready: await child.#hear("ready") };
  }

  /** Asks the child something, and resolves with its answer. */
  ask<Value>(question: string, detail?: unknown): Promise<Value> {
    if (!this.isRunning) {
      const { exitCode, signalCode } = this.process;
      return Promise.reject(
        new Error(`The child has ended with ${exitCode ?? signalCode}; it cannot answer "${question}".`),
      );
    }
    const answer = this.#hear(question);
    this.process.send({ ask: question, detail });
    return answer as Promise<Value>;
  }

  #hear(question: string): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const stop = (): void => {
        this.process.off("message", onMessage).off("exit", onExit);
      };
      const onMessage = (message: { ask: string; value: unknown }): void => {
        if (message.ask !== question) return;
        stop();
        resolve(message.value);
      };
      const onExit = (code: number | null, signal: string | null): void => {
        stop();
        reject(new Error(`The child ended with ${code ?? signal} before it answered "${question}".`));
      };
      this.process.on("message", onMessage).on("exit", onExit);
    });
  }

  get isRunning(): boolean {
    return this.process.exitCode === null && this.process.signalCode === null;
  }

  async kill(signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    if (!this.isRunning) return;
    const ended = once(this.process, "exit");
    this.process.kill(signal);
    await ended;
  }
}
