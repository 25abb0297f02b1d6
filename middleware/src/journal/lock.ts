import { randomUUID } from "node:crypto";
import { rm, utimes } from "node:fs/promises";
import { join } from "node:path";
import { JournalError } from "./errors.js";
import { createLock, hasToken, listLeft, readLock, writeLasted } from "./lock-file.js";
import { thisOwner } from "./owner.js";
import {
  findPredecessor,
  held,
  LOCK_TIMES,
  type LockTimes,
  moveOut,
  NOBODY,
  type Predecessor,
  worse,
} from "./predecessor.js";

const MAX_ATTEMPTS = 5;
const NO_ROOM = new Set(["ENOSPC", "EDQUOT"]);

/** Deletes locks that were moved aside, to free space for a new lock on a full volume. */
async function makeRoom(path: string): Promise<boolean> {
  const { aside, drafts } = await listLeft(path);
  for (const file of [...aside, ...drafts]) await rm(file, { force: true });
  return aside.length + drafts.length > 0;
}

/** The right to write a journal: a file that names its owner. */
export class Lock {
  /** Called when another process is seen to have the lock. */
  onLost: (() => void) | undefined;
  #state: "held" | "gone" | "lost" = "held";
  #seen = performance.now();
  #seenAt = Date.now();
  readonly #takenAt = performance.now();
  #hasLasted = false;
  #isConfirmed = false;
  readonly #beat: NodeJS.Timeout;

  private constructor(
    private readonly path: string,
    private readonly token: string,
    /** Who had the lock before. */
    readonly predecessor: Predecessor,
    readonly times: LockTimes,
  ) {
    held.add(token);
    this.#beat = setInterval(() => void this.check().catch(() => undefined), times.beatMs);
    this.#beat.unref();
  }

  /**
   * Takes the lock of a folder; that of an owner that has ended is taken over at once. Where the system cannot tell, as of an owner on
   * another host or in another container, or in a folder that was copied just now, the lock is taken over when nobody touches it for some seconds.
   * @throws JournalError `journal_locked`, naming the owner
   */
  static async take(dir: string, times: Partial<LockTimes> = {}): Promise<Lock> {
    const path = join(dir, "lock");
    const all = { ...LOCK_TIMES, ...times };
    const token = randomUUID();
    let predecessor = NOBODY;
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      predecessor = worse(predecessor, await findPredecessor(path));
      const { crashes, mayLive } = predecessor;
      try {
        await createLock(path, { ...thisOwner(), token, crashes, ...(mayLive ? { afterLiving: true } : {}) });
      } catch (error) {
        const { code = "" } = error as NodeJS.ErrnoException;
        const isFull = NO_ROOM.has(code);
        if (code !== "EEXIST" && !isFull) throw error;
        const isMoved = await moveOut(dir, path, all);
        if (isFull && !isMoved && !(await makeRoom(path))) throw error;
        continue;
      }
      // Another process may have moved the previous lock aside just now.
      const found = worse(predecessor, await findPredecessor(path));
      if (found.crashes === crashes && found.mayLive === mayLive) return new Lock(path, token, predecessor, all);
      await rm(path, { force: true });
    }
    throw new JournalError(
      "journal_locked",
      `The journal ${dir} is being taken by several processes at once; try again.`,
    );
  }

  /** Deletes the files of earlier owners. Call it when later writes of these owners can do no harm. */
  async confirm(): Promise<void> {
    if (this.#isConfirmed) return;
    const { aside, drafts } = await listLeft(this.path);
    if (!(await this.check())) return;
    for (const file of [...aside, ...drafts]) await rm(file, { force: true });
    this.#isConfirmed = true;
  }

  /** Whether another process has taken the lock over, as after a long sleep of this one. */
  get lost(): boolean {
    return this.#state === "lost";
  }

  /** Whether there is no lock any more: it was released, or its file was removed. */
  get gone(): boolean {
    return this.#state === "gone";
  }

  /** Whether so much time has gone by since the last look, by either clock, that another process may have the lock now. */
  get stale(): boolean {
    const limit = 2 * this.times.beatMs;
    return performance.now() - this.#seen > limit || Math.abs(Date.now() - this.#seenAt) > limit;
  }

  /** Whether this process still holds the lock for certain, without reading the file. */
  get isSure(): boolean {
    return this.#state === "held" && !this.stale;
  }

  /** Looks whether the lock is held still, and touches it then. */
  async check(): Promise<boolean> {
    if (this.#state !== "held") return false;
    // What happens after the look is not seen by it.
    const [seen, seenAt] = [performance.now(), Date.now()];
    const lock = await readLock(this.path);
    if (this.#state !== "held") return false;
    if (lock === undefined || lock === "unclear") this.#state = "gone";
    else if (lock.token !== this.token) this.lose();
    else {
      // If the lock cannot be touched it becomes stale, so it is checked before each write.
      const isTouched = await utimes(this.path, new Date(), new Date()).then(
        () => true,
        () => false,
      );
      if (isTouched) [this.#seen, this.#seenAt] = [seen, seenAt];
      await this.#noteLasting();
    }
    return this.#state === "held";
  }

  async #noteLasting(): Promise<void> {
    if (this.#hasLasted || performance.now() - this.#takenAt < this.times.shortLifeMs) return;
    this.#hasLasted = true;
    await writeLasted(this.path, this.token).catch(() => undefined);
  }

  /** Gives up the lock because another process writes to the journal too. */
  lose(): void {
    if (this.#state !== "held") return;
    this.#state = "lost";
    this.onLost?.();
  }

  async release(): Promise<void> {
    clearInterval(this.#beat);
    this.#state = "gone";
    held.delete(this.token);
    if (await hasToken(this.path, this.token).catch(() => false)) await rm(this.path, { force: true });
  }
}
