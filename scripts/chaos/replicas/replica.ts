import { join } from "node:path";
import { Child, type Compiled } from "../../child.js";
import type { SharedInbox } from "../../engines.js";
import type { AppOptions } from "./app.js";
import type { RunLogs } from "./run-logs.js";

/** A process that stores or handles pushes. It can be killed and started again. */
export class Replica {
  #child: Child | undefined;
  #process = "";
  #starts = 0;

  /**
   * @param name unique among the replicas
   * @param port port of its server; `undefined`: it handles pushes without a server
   */
  constructor(
    private readonly name: string,
    private readonly port: number | undefined,
    private readonly script: Compiled,
    private readonly inbox: SharedInbox,
    private readonly folder: string,
    private readonly logs: RunLogs,
  ) {}

  async start(): Promise<void> {
    this.#process = `${this.name}-${++this.#starts}`;
    const options: AppOptions = { inbox: this.inbox, ...(this.port === undefined ? this.#log() : { port: this.port }) };
    const { child } = await Child.start(this.script, [JSON.stringify(options)]);
    this.#child = child;
  }

  #log(): { log: string } {
    const log = join(this.folder, this.#process);
    this.logs.add(this.#process, log);
    return { log };
  }

  /** Kills the process with SIGKILL. Resolves with `false` if it does not run. */
  async kill(): Promise<boolean> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined) return false;
    this.logs.recordKill(this.#process);
    await child.kill("SIGKILL");
    return true;
  }

  /** Suspends the process. Returns `false` if it does not run, and on Windows. */
  freeze(): boolean {
    if (process.platform === "win32" || this.#child === undefined) return false;
    return this.#child.process.kill("SIGSTOP");
  }

  resume(): void {
    this.#child?.process.kill("SIGCONT");
  }

  invoke<Value>(name: string): Promise<Value> {
    if (this.#child === undefined) return Promise.reject(new Error(`The replica ${this.name} does not run.`));
    return this.#child.invoke<Value>(name);
  }
}
