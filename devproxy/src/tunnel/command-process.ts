import type { ChildProcess } from "node:child_process";
import { spawn, spawnSync } from "node:child_process";

const WINDOWS = process.platform === "win32";
const KEPT = 16_384;
/** What it started may hold its output open after its end. */
const LAST_WORDS_MS = 300;

/** A program run through the shell, with everything it prints, that ends together with whatever it started. */
export class CommandProcess {
  readonly #child: ChildProcess;
  readonly #exit = () => this.end();
  #output = "";
  #ended: string | undefined;
  /** Called with the complete lines printed so far (the last 16 KB). */
  onOutput: ((output: string) => void) | undefined;
  /** Called once when it has ended, with how. */
  onEnd: ((how: string) => void) | undefined;

  constructor(command: string) {
    this.#child = spawn(command, {
      shell: true,
      stdio: ["ignore", "pipe", "pipe"],
      detached: !WINDOWS,
      windowsHide: true,
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding("utf8").on("data", (text: string) => this.#read(text));
    }
    this.#child.once("error", (error) => this.#finish(error.message));
    const finish = (code: number | null, signal: string | null) =>
      this.#finish(signal ? `signal ${signal}` : `exit code ${code}`);
    this.#child.once("close", finish);
    this.#child.once("exit", (code, signal) => setTimeout(finish, LAST_WORDS_MS, code, signal).unref());
    process.once("exit", this.#exit);
  }

  /** How it ended; undefined while it runs. */
  get ended(): string | undefined {
    return this.#ended;
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

  /** Ends it and its children at once. */
  end(): void {
    process.removeListener("exit", this.#exit);
    const { pid } = this.#child;
    if (pid === undefined) return;
    if (WINDOWS) spawnSync("taskkill", ["/pid", String(pid), "/t", "/f"], { stdio: "ignore", windowsHide: true });
    else killGroup(pid);
    for (const stream of [this.#child.stdout, this.#child.stderr]) stream?.destroy();
  }

  #read(text: string): void {
    this.#output = (this.#output + text).slice(-KEPT);
    const complete = Math.max(this.#output.lastIndexOf("\n"), this.#output.lastIndexOf("\r"));
    if (complete >= 0) this.onOutput?.(this.#output.slice(0, complete));
  }

  #finish(how: string): void {
    if (this.#ended !== undefined) return;
    this.#ended = how;
    process.removeListener("exit", this.#exit);
    this.onEnd?.(how);
  }
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // It has ended already.
  }
}
