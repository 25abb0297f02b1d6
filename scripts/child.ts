import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build, type Plugin } from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));

/** A script as plain JavaScript, as users run it. A TypeScript loader would add helpers to hot functions. */
export interface Compiled {
  readonly file: string;
  remove(): void;
}

/**
 * Bundles a TypeScript file and the sources of both packages into one JavaScript file. npm packages are not bundled.
 * @param source path from the root of the repository
 * @param mutations changes of the source code, to test that a check detects them
 * @throws if a file does not contain the text that a mutation replaces
 */
export async function compile(source: string, mutations: readonly Mutation[] = []): Promise<Compiled> {
  const folder = mkdtempSync(join(root, "node_modules", ".bench-"));
  const file = join(folder, "script.mjs");
  await build({
    entryPoints: [join(root, source)],
    outdir: folder,
    entryNames: "script",
    outExtension: { ".js": ".mjs" },
    bundle: true,
    // A dynamic import loads its packages only when it runs.
    splitting: true,
    platform: "node",
    format: "esm",
    target: "node20",
    sourcemap: "inline",
    logLevel: "error",
    external: EXTERNAL,
    plugins: [mutate(mutations)],
  });
  return { file, remove: () => rmSync(dirname(file), { recursive: true, force: true }) };
}

/** A text of a source file, and its replacement. */
export interface Mutation {
  /** Path from the root of the repository. */
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

function mutate(mutations: readonly Mutation[]): Plugin {
  return {
    name: "mutate",
    setup({ onLoad, onEnd }) {
      const unused = new Set(mutations);
      onLoad({ filter: /\.ts$/ }, ({ path }) => {
        const ofFile = mutations.filter(({ file }) => path === join(root, file));
        if (ofFile.length === 0) return undefined;
        let contents = readFileSync(path, "utf8");
        for (const mutation of ofFile) {
          const { file, from, to } = mutation;
          unused.delete(mutation);
          if (!contents.includes(from)) throw new Error(`${file} does not contain the text to change: ${from}`);
          contents = contents.replace(from, to);
        }
        return { contents, loader: "ts" };
      });
      onEnd(() => {
        for (const { file } of unused) throw new Error(`${file} is not part of the script, so it cannot be changed.`);
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
  "pg",
  "bullmq",
  "ioredis",
];

/** A child process whose functions the parent can call: it exposes them with `exposeFunctions`. */
export class Child {
  private constructor(readonly process: ChildProcess) {}

  /**
   * Starts a compiled script and waits for its `ready` value.
   * @param options.env variables in addition to those of this process
   * @param options.flags flags of `node`
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
    return { child, ready: await child.#next("ready") };
  }

  /** Calls a function of the child process, and resolves with its result. Rejects if the child process has ended. */
  invoke<Value>(name: string, argument?: unknown): Promise<Value> {
    if (!this.isRunning) {
      const { exitCode, signalCode } = this.process;
      return Promise.reject(
        new Error(`Could not call "${name}": the child process has ended with ${exitCode ?? signalCode}.`),
      );
    }
    const result = this.#next(name);
    this.process.send({ name, argument });
    return result as Promise<Value>;
  }

  /** Resolves with the next value that the child process sends under a name. */
  #next(name: string): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const stop = (): void => {
        this.process.off("message", onMessage).off("exit", onExit);
      };
      const onMessage = (message: { name: string; value: unknown }): void => {
        if (message.name !== name) return;
        stop();
        resolve(message.value);
      };
      const onExit = (code: number | null, signal: string | null): void => {
        stop();
        reject(new Error(`The child process ended with ${code ?? signal} before it sent "${name}".`));
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
