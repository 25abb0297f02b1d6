import type { ChildProcess } from "node:child_process";
import type { Launch } from "./launch.js";
import { spawnProgram } from "./launch.js";
import type { PidFile } from "./pid-file.js";
import { killTree } from "./process-tree.js";
import { killWithParent } from "./watchdog.js";

const MAX_OUTPUT_LENGTH = 16_384;
/** Time to read the rest of the output after the program has exited: its child processes may keep the output open. */
const LAST_OUTPUT_MS = 300;
/** Time without output after which an unfinished line counts as complete. */
const QUIET_MS = 300;

/**
 * A tunnel program with its output. If this process is killed, a watchdog kills the program. If that fails, the next start finds the program
 * in the PID file and kills it.
 */
export class ProgramProcess {
  readonly #child: ChildProcess;
  readonly #pidFile: PidFile | undefined;
  readonly #stopWatching: (() => void) | undefined;
  readonly #onProcessExit = () => this.kill();
  #quietTimer: NodeJS.Timeout | undefined;
  #output = "";
  #exitReason: string | undefined;
  /** Called with the last 16 KB of the output: its complete lines, or all of it after 300 ms without output. */
  onOutput: ((output: string) => void) | undefined;
  /** Called once when the program has exited or could not be started, with its exit code, signal or error. */
  onExit: ((reason: string) => void) | undefined;

  constructor(launch: Launch, pidFile?: PidFile) {
    this.#child = spawnProgram(launch);
    this.#pidFile = pidFile;
    const { pid } = this.#child;
    if (pid !== undefined) {
      this.#stopWatching = killWithParent(pid);
      void pidFile?.write(pid);
    }
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding("utf8").on("data", (text: string) => this.#read(text));
    }
    this.#child.stdin?.on("error", () => {});
    this.#child.once("error", (error) => this.#finish(error.message));
    const finish = (code: number | null, signal: string | null) =>
      this.#finish(signal ? `signal ${signal}` : `exit code ${code}`);
    this.#child.once("close", finish);
    this.#child.once("exit", (code, signal) => setTimeout(finish, LAST_OUTPUT_MS, code, signal).unref());
    process.once("exit", this.#onProcessExit);
  }

  /** Exit code, signal or error of the program; `undefined` while it runs. */
  get exitReason(): string | undefined {
    return this.#exitReason;
  }

  /** The last 16 KB of the output. */
  get output(): string {
    return this.#output;
  }

  /** The last line of the output, up to 200 characters. */
  get lastLine(): string {
    return (
      this.#output
        .trimEnd()
        .split(/[\r\n]+/)
        .at(-1)
        ?.trim()
        .slice(0, 200) ?? ""
    );
  }

  /** Kills the program and every process that it started. */
  kill(): void {
    if (this.#exitReason === undefined) this.#killTree();
    this.#release();
    for (const stream of [this.#child.stdout, this.#child.stderr]) stream?.destroy();
  }

  /** Call it at the latest when the exit of the program is reported: later, the process id may belong to another process. */
  #killTree(): void {
    const { pid } = this.#child;
    if (pid !== undefined) killTree(pid);
  }

  #read(text: string): void {
    this.#output = (this.#output + text).slice(-MAX_OUTPUT_LENGTH);
    const completeLength = Math.max(this.#output.lastIndexOf("\n"), this.#output.lastIndexOf("\r"));
    if (completeLength >= 0) this.onOutput?.(this.#output.slice(0, completeLength));
    clearTimeout(this.#quietTimer);
    if (completeLength < this.#output.length - 1) {
      this.#quietTimer = setTimeout(() => this.onOutput?.(this.#output), QUIET_MS).unref();
    }
  }

  #finish(reason: string): void {
    if (this.#exitReason !== undefined) return;
    this.#exitReason = reason;
    this.#killTree();
    this.#release();
    this.onExit?.(reason);
  }

  /** Stops the watchdog and removes the PID file. */
  #release(): void {
    const { pid } = this.#child;
    process.removeListener("exit", this.#onProcessExit);
    clearTimeout(this.#quietTimer);
    this.#stopWatching?.();
    if (pid !== undefined) this.#pidFile?.clear(pid);
  }
}
