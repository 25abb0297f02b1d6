import { rmSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { writePrivateFile } from "../config/index.js";
import { endTree, isTreeAlive, startOf } from "./process-tree.js";

const END_LIMIT_MS = 2_000;

/**
 * Notes in a journal's folder which tunnel program runs. If the program outlives its parent and keeps the tunnel open, the next start
 * ends it. The note contains only its process id and start time, because its command line may contain a token.
 */
export class ProgramRecord {
  readonly #path: string;
  #pid: number | undefined;

  constructor(dir: string) {
    this.#path = join(dir, "tunnel.json");
  }

  /** Notes a program that has just been started. Never fails: the program also works without a note. */
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
   * Ends the program that an earlier process left behind, with everything that it started. Does not end another process that has the
   * same id. Call it before `write`, and only as the owner of the folder's lock.
   * @returns its process id, if there was one and it has ended
   */
  async endOrphan(): Promise<number | undefined> {
    const note = await this.#read();
    this.#remove();
    if (note === undefined || (await startOf(note.pid)) !== note.start) return undefined;
    endTree(note.pid);
    const deadline = performance.now() + END_LIMIT_MS;
    while (isTreeAlive(note.pid) && performance.now() < deadline) await sleep(20);
    return (await startOf(note.pid)) === note.start ? undefined : note.pid;
  }

  async #read(): Promise<{ pid: number; start: string } | undefined> {
    try {
      const { pid, start } = JSON.parse(await readFile(this.#path, "utf8")) as Record<string, unknown>;
      if (Number.isSafeInteger(pid) && Number(pid) > 1 && typeof start === "string") return { pid: Number(pid), start };
    } catch {
      // There is no note, or it is damaged.
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
