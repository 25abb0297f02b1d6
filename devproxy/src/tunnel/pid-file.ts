import { rmSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { writePrivateFile } from "../config/index.js";
import { isTreeAlive, killTree, startTimeOf } from "./process-tree.js";

const KILL_TIMEOUT_MS = 2_000;

/**
 * The file `tunnel.json` in a journal's folder, which identifies the running tunnel program. If the program outlives its parent and keeps the
 * tunnel open, the next start kills it. The file contains only the process id and the start time: the command line may contain a token.
 */
export class PidFile {
  readonly #path: string;
  #pid: number | undefined;

  constructor(dir: string) {
    this.#path = join(dir, "tunnel.json");
  }

  /** Writes the file for a program that has just been started. Never fails: the program also works without the file. */
  async write(pid: number): Promise<void> {
    this.#pid = pid;
    const start = await startTimeOf(pid);
    if (start === undefined) return;
    await writePrivateFile(this.#path, `${JSON.stringify({ pid, start })}\n`).catch(() => undefined);
    // The program may have exited meanwhile.
    if (this.#pid === undefined) this.#remove();
  }

  /** Removes the file of a program that has exited. */
  clear(pid: number): void {
    if (this.#pid !== pid) return;
    this.#pid = undefined;
    this.#remove();
  }

  /**
   * Kills the program that an earlier process left running, and every process that it started. Does not kill another process with the same
   * id. Call it before `write`, and only as the owner of the folder's lock.
   * @returns the process id of the killed program; `undefined` if there was none, or it is still running
   */
  async killOrphan(): Promise<number | undefined> {
    const saved = await this.#read();
    this.#remove();
    if (saved === undefined || (await startTimeOf(saved.pid)) !== saved.start) return undefined;
    killTree(saved.pid);
    const deadline = performance.now() + KILL_TIMEOUT_MS;
    while (isTreeAlive(saved.pid) && performance.now() < deadline) await sleep(20);
    return (await startTimeOf(saved.pid)) === saved.start ? undefined : saved.pid;
  }

  async #read(): Promise<{ pid: number; start: string } | undefined> {
    try {
      const { pid, start } = JSON.parse(await readFile(this.#path, "utf8")) as Record<string, unknown>;
      if (Number.isSafeInteger(pid) && Number(pid) > 1 && typeof start === "string") return { pid: Number(pid), start };
    } catch {
      // There is no file, or it is damaged.
    }
    return undefined;
  }

  #remove(): void {
    try {
      rmSync(this.#path, { force: true });
    } catch {
      // The folder no longer exists.
    }
  }
}
