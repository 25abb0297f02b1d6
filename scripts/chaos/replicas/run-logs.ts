import { closeSync, existsSync, fstatSync, openSync, readSync } from "node:fs";
import type { Run } from "./check.js";

/** Reads the log files of the replicas that handle pushes, while they are written. */
export class RunLogs {
  readonly #files = new Map<string, LogFile>();

  /** Starts to read a file, which may not exist yet. @param process name of the process that writes it */
  add(process: string, path: string): void {
    this.#files.set(process, new LogFile(process, path));
  }

  /** Records when a process was killed. */
  recordKill(process: string): void {
    const file = this.#files.get(process);
    if (file !== undefined) file.killedAt = globalThis.process.hrtime.bigint();
  }

  /** Number of runs that are done, up to now. */
  countDone(): number {
    let done = 0;
    for (const file of this.#files.values()) done += file.read().done;
    return done;
  }

  runs(): Run[] {
    return [...this.#files.values()].flatMap((file) => file.read().runs());
  }
}

class LogFile {
  killedAt: bigint | undefined;
  done = 0;
  #offset = 0;
  #rest = "";
  readonly #open = new Map<string, Omit<Run, "endedAt" | "result">>();
  readonly #ended: Run[] = [];

  constructor(
    private readonly process: string,
    private readonly path: string,
  ) {}

  /** All runs. Those without an end were interrupted by the kill. */
  runs(): Run[] {
    const killedAt = this.killedAt ?? 0n;
    const killed = [...this.#open.values()].map((run): Run => ({ ...run, endedAt: killedAt, result: "killed" }));
    return [...this.#ended, ...killed];
  }

  read(): this {
    if (!existsSync(this.path)) return this;
    const fd = openSync(this.path, "r");
    try {
      const bytes = Buffer.alloc(fstatSync(fd).size - this.#offset);
      this.#offset += readSync(fd, bytes, 0, bytes.length, this.#offset);
      const lines = (this.#rest + bytes.toString("latin1")).split("\n");
      this.#rest = lines.pop() ?? "";
      for (const line of lines) this.#add(line);
    } finally {
      closeSync(fd);
    }
    return this;
  }

  #add(line: string): void {
    const [word, at = "0", push = "", call = "", state, attempt] = line.split(" ");
    const key = `${push} ${attempt}`;
    if (word === "begin") {
      const run = { push, call, state: Number(state), attempt: Number(attempt), process: this.process };
      this.#open.set(key, { ...run, beganAt: BigInt(at) });
      return;
    }
    const run = this.#open.get(key);
    if (run === undefined || (word !== "done" && word !== "failed")) return;
    this.#open.delete(key);
    this.#ended.push({ ...run, endedAt: BigInt(at), result: word });
    if (word === "done") this.done++;
  }
}
