import type { ChildProcess } from "node:child_process";
import type { Launch } from "./launch.js";
import { start } from "./launch.js";
import { endTree } from "./process-tree.js";
import type { ProgramRecord } from "./program-record.js";
import { watchParent } from "./watchdog.js";

const MAX_OUTPUT_LENGTH = 16_384;
/** Time to read the rest of the output after the end: child processes may keep it open. */
const DRAIN_MS = 300;
/** Time without output after which an unfinished line counts as complete. */
const QUIET_MS = 300;

/**
 * A tunnel program with its output. Ends everything that the program started, too. If this process is killed, a watchdog ends the program;
 * if that fails, the next start finds it in the record and ends it.
 */
export class CommandProcess {
  readonly #child: ChildProcess;
  readonly #record: ProgramRecord | undefined;
  readonly #stopWatching: (() => void) | undefined;
  readonly #exit = () => this.end();
  #quiet: NodeJS.Timeout | undefined;
  #output = "";
  #ended: string | undefined;
  /** Called with the output so far (the last 16 KB): complete lines, or all of it after a pause. */
  onOutput: ((output: string) => void) | undefined;
  /** Called once when it has ended, with its exit code, signal or error. */
  onEnd: ((how: string) => void) | undefined;

  constructor(launch: Launch, record?: ProgramRecord) {
    this.#child = start(launch);
    this.#record = record;
    const { pid } = this.#child;
    if (pid !== undefined) {
      this.#stopWatching = watchParent(pid);
      void record?.write(pid);
    }
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding("utf8").on("data", (text: string) => this.#read(text));
    }
    this.#child.stdin?.on("error", () => {});
    this.#child.once("error", (error) => this.#finish(error.message));
    const finish = (code: number | null, signal: string | null) =>
      this.#finish(signal ? `signal ${signal}` : `exit code ${code}`);
    this.#child.once("close", finish);
    this.#child.once("exit", (code, signal) => setTimeout(finish, DRAIN_MS, code, signal).unref());
    process.once("exit", this.#exit);
  }

  /** Its exit code, signal or error; `undefined` while it runs. */
  get ended(): string | undefined {
    return this.#ended;
  }

  /** The last 16 KB of its output. */
  get output(): string {
    return this.#output;
  }

  /** The last line that it printed. */
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

  /** Ends it and everything that it started. */
  end(): void {
    if (this.#ended === undefined) this.#endTree();
    this.#release();
    for (const stream of [this.#child.stdout, this.#child.stderr]) stream?.destroy();
  }

  /** Must not be called after the end of the process: its id may then belong to another one. */
  #endTree(): void {
    const { pid } = this.#child;
    if (pid !== undefined) endTree(pid);
  }

  #read(text: string): void {
    this.#output = (this.#output + text).slice(-MAX_OUTPUT_LENGTH);
    const complete = Math.max(this.#output.lastIndexOf("\n"), this.#output.lastIndexOf("\r"));
    if (complete >= 0) this.onOutput?.(this.#output.slice(0, complete));
    clearTimeout(this.#quiet);
    if (complete < this.#output.length - 1) {
      this.#quiet = setTimeout(() => this.onOutput?.(this.#output), QUIET_MS).unref();
    }
  }

  #finish(how: string): void {
    if (this.#ended !== undefined) return;
    this.#ended = how;
    this.#endTree();
    this.#release();
    this.onEnd?.(how);
  }

  /** Stops the watchdog and removes the note of the program. */
  #release(): void {
    const { pid } = this.#child;
    process.removeListener("exit", this.#exit);
    clearTimeout(this.#quiet);
    this.#stopWatching?.();
    if (pid !== undefined) this.#record?.clear(pid);
  }
}
