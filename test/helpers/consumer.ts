import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../..", import.meta.url));
const npm = process.env.npm_execpath ?? "npm";
const { resolve } = createRequire(join(root, "test/consumer/package.json"));
const toolFolder = (name: string): string => dirname(resolve(`${name}/package.json`));

/** Runs npm. Under `npm run`, `npm_execpath` is npm's own script, which Node can run on every platform. */
function runNpm(args: string[], cwd: string): string {
  const [command, first] = npm.endsWith("js") ? [process.execPath, [npm]] : [npm, []];
  return execFileSync(command, [...first, ...args], {
    cwd,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
    shell: command === "npm" && process.platform === "win32",
  });
}

export interface Ran {
  status: number | null;
  stdout: string;
  stderr: string;
}

export interface Tarball {
  /** Where `npm pack` put it. */
  file: string;
  /** Paths of the files in it. */
  paths: string[];
}

/** A project outside the repository that has installed the packed packages from their tarballs, as a user does. */
export class ConsumerProject {
  readonly folder = mkdtempSync(join(tmpdir(), "airudder-consumer-"));
  readonly tarballs: Record<"middleware" | "devproxy", Tarball>;

  constructor() {
    this.tarballs = { middleware: this.#pack("middleware"), devproxy: this.#pack("devproxy") };
    this.write("package.json", '{ "private": true }');
    const files = Object.values(this.tarballs).map(({ file }) => file);
    runNpm(["install", "--no-audit", "--no-fund", "--prefer-offline", ...files], this.folder);
    for (const name of ["typescript", "ts-jest", "@types/jest", "@types/node"]) this.link(name);
  }

  /** @returns the path of the file */
  write(name: string, content: string): string {
    const file = join(this.folder, name);
    writeFileSync(file, content);
    return file;
  }

  /** Runs a script with Node. */
  run(file: string, ...args: string[]): Ran {
    return spawnSync(process.execPath, [file, ...args], { cwd: this.folder, encoding: "utf8", env: environment() });
  }

  /** Compiles with TypeScript 5, which is what ts-jest needs, or with another one. */
  compile(files: string[], flags: string[], typescript: string = toolFolder("typescript")): Ran {
    return this.run(join(typescript, "bin/tsc"), "--noEmit", "--strict", "--types", "node", ...flags, ...files);
  }

  /** Runs Jest on one file. */
  jest(file: string, config: object = {}): Ran {
    const settings = { cacheDirectory: join(this.folder, "jest-cache"), ...config };
    return this.run(join(toolFolder("jest"), "bin/jest.js"), "--ci", "--config", JSON.stringify(settings), file);
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
  }

  #pack(name: string): Tarball {
    const [{ filename, files }] = JSON.parse(
      runNpm(["pack", "--json", "--pack-destination", this.folder], join(root, name)),
    );
    return { file: join(this.folder, filename), paths: (files as { path: string }[]).map(({ path }) => path) };
  }

  /** Installs a package of this repository. */
  link(name: string): void {
    const to = this.unlink(name);
    mkdirSync(dirname(to), { recursive: true });
    symlinkSync(toolFolder(name), to, "junction");
  }

  /** @returns where the package was */
  unlink(name: string): string {
    const to = join(this.folder, "node_modules", name);
    rmSync(to, { recursive: true, force: true });
    return to;
  }
}

/** The environment without the variables of the test runner, which would change how Jest and Node behave. */
function environment(): NodeJS.ProcessEnv {
  const { NODE_TEST_CONTEXT: _, NODE_OPTIONS: __, TSX_TSCONFIG_PATH: ___, ...env } = process.env;
  return env;
}
