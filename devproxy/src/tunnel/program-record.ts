import { rmSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { writePrivateFile } from "../config/private-file.js";
import { endTree, isTreeAlive, startOf } from "./process-tree.js";

const END_LIMIT_MS = 2_000;

/**
 * Notes in a journal's folder which tunnel program runs, so that the next start can end one that outlived its parent and still
 * holds the public address. Only its process id and start time are kept: its command line may hold a token.
 */
export class ProgramRecord {
  readonly #path: string;
  #pid: number | undefined;

  constructor(dir: string) {
    this.#path = join(dir, "tunnel.json");
  }

  /** Notes a program that has just been started. Never fails: without a note the program works all the same. */
  async write(pid: number): Promise<void> {
    this.#pid = pid;
    const start = await startOf(pid);
    if (start === undefined) return;
    await writePrivateFile(this.#path, `${JSON.stringify({ pid, start })}\n`).catch(() => undefined);
    // It may have ended meanwhile.
    if (this.#pid === undefined) this.#remove();
  }

  /** Forgets a program that has ended. */
  clear(pid: number): void {
    if (this.#pid !== pid) return;
    this.#pid = undefined;
    this.#remove();
  }

  /**
   * Ends the program that an earlier process left behind, with everything that it started. A process that merely has the same
   * id is left alone. To be called before this process notes a program, by the folder's one writer.
   * @returns its process id, when there was one and it has ended.
   */
  async endOrphan(): Promise<number | undefined> {
    const noted = await this.#read();
    this.#remove();
    if (noted === undefined || (await startOf(noted.pid)) !== noted.start) return undefined;
    endTree(noted.pid);
    const deadline = performance.now() + END_LIMIT_MS;
    while (isTreeAlive(noted.pid) && performance.now() < deadline) await new Promise((next) => setTimeout(next, 20));
    return (await startOf(noted.pid)) === noted.start ? undefined : noted.pid;
  }

  async #read(): Promise<{ pid: number; start: string } | undefined> {
    try {
      const { pid, start } = JSON.parse(await readFile(this.#path, "utf8")) as Record<string, unknown>;
      if (Number.isSafeInteger(pid) && Number(pid) > 1 && typeof start === "string") return { pid: Number(pid), start };
    } catch {
      // There is none, or it is damaged: nothing is known, so nothing is ended.
    }
    return undefined;
  }

  #remove(): void {
    try {
      rmSync(this.#path, { force: true });
    } catch {
      // The folder has gone.
    }
  }
}
