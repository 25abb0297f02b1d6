import type { ChildProcess } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { DevproxyError, usageError } from "../errors.js";
import { isListening } from "../http/index.js";
import type { Redactor } from "../privacy/index.js";
import { killTree, spawnProgram } from "../tunnel/index.js";
import { errorLine } from "./redaction.js";

const INTERVAL_MS = 50;
const START_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 5_000;
/** Characters of the app's output that are kept for the error message. */
const MAX_OUTPUT_LENGTH = 4_096;

/** The app, started by the command of `--restart-with`. */
export class AppProcess {
  #child: ChildProcess | undefined;
  #output = "";

  /** @param target the app has started when it accepts connections there */
  constructor(
    private readonly command: string,
    private readonly target: URL,
    private readonly redactor: Redactor,
  ) {}

  /**
   * Starts the app, and waits until it accepts connections.
   * @throws DevproxyError `usage`, if something else accepts connections there; `app_down`, if the app ends, or does not accept
   * connections within 60 s
   */
  async start(): Promise<void> {
    if (await isListening(this.target))
      throw usageError(
        `Something already accepts connections at ${this.target.host}. Stop it: --restart-with starts the app itself.`,
      );
    const child = spawnProgram({ command: this.command });
    this.#child = child;
    this.#output = "";
    const keep = (chunk: Buffer) => {
      this.#output = (this.#output + chunk).slice(-MAX_OUTPUT_LENGTH);
    };
    child.stdout?.on("data", keep);
    child.stderr?.on("data", keep);
    let hasEnded = false;
    child.on("error", () => {
      hasEnded = true;
    });
    child.on("exit", () => {
      hasEnded = true;
    });
    const end = performance.now() + START_TIMEOUT_MS;
    while (!(await isListening(this.target))) {
      if (hasEnded) throw this.#startError("ended before it accepted connections");
      if (performance.now() > end) {
        await this.kill();
        throw this.#startError(`did not accept connections within ${START_TIMEOUT_MS / 1_000} s`);
      }
      await sleep(INTERVAL_MS);
    }
  }

  /** Kills the app and every process that it started, immediately. Waits until it no longer accepts connections. */
  async kill(): Promise<void> {
    if (this.#child === undefined) return;
    this.killNow();
    const end = performance.now() + STOP_TIMEOUT_MS;
    while ((await isListening(this.target)) && performance.now() < end) await sleep(INTERVAL_MS);
  }

  /** Kills the app, and does not wait. */
  killNow(): void {
    const pid = this.#child?.pid;
    this.#child = undefined;
    if (pid !== undefined) killTree(pid);
  }

  #startError(what: string): DevproxyError {
    const line = errorLine(this.#output, this.redactor);
    const cause = line && ` It printed: ${line}`;
    return new DevproxyError(
      "app_down",
      `The app of --restart-with ${what} at ${this.target.host}. Check the command, and --to.${cause}`,
      2,
    );
  }
}
