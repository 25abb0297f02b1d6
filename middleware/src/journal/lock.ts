import { randomUUID } from "node:crypto";
import { rm, utimes } from "node:fs/promises";
import { join } from "node:path";
import { isDiskFull } from "./disk.js";
import { JournalError } from "./errors.js";
import { createLock, hasToken, listLeftovers, readLock, writeLasted } from "./lock-file.js";
import {
  findPreviousOwners,
  heldTokens,
  LOCK_TIMES,
  type LockTimes,
  NO_OWNERS,
  type PreviousOwners,
  removeDeadLock,
  worstOf,
} from "./previous-owners.js";
import { thisProcess } from "./process-identity.js";

const MAX_ATTEMPTS = 5;

/** Deletes the files of previous owners, to free space for a new lock on a full volume. Returns `false` if there were none. */
async function deleteLeftovers(path: string): Promise<boolean> {
  const { renamed, drafts } = await listLeftovers(path);
  for (const file of [...renamed, ...drafts]) await rm(file, { force: true });
  return renamed.length + drafts.length > 0;
}

/** The lock of a journal: a file that names its owner. Only the owner may write to the journal. */
export class Lock {
  /** Called when a check finds that another process has the lock. */
  onLost: (() => void) | undefined;
  #state: "held" | "gone" | "lost" = "held";
  /** Time of the last successful check, by the monotonic clock and by the system clock. Milliseconds. */
  #checked = performance.now();
  #checkedAt = Date.now();
  readonly #takenAt = performance.now();
  #hasLasted = false;
  #isConfirmed = false;
  readonly #heartbeat: NodeJS.Timeout;

  private constructor(
    private readonly path: string,
    private readonly token: string,
    /** The processes that had the lock before. */
    readonly previousOwners: PreviousOwners,
    readonly times: LockTimes,
  ) {
    heldTokens.add(token);
    this.#heartbeat = setInterval(() => void this.check().catch(() => undefined), times.heartbeatMs);
    this.#heartbeat.unref();
  }

  /**
   * Takes the lock of a folder. If the owner of an existing lock has ended, takes the lock over immediately. The system cannot always tell
   * whether the owner runs: it may be on another host or in another container, or the folder may be a new copy. Then this takes the lock
   * over if the file is not touched within `presumeDeadMs`.
   * @throws JournalError `journal_locked`, with the owner
   */
  static async take(dir: string, times: Partial<LockTimes> = {}): Promise<Lock> {
    const path = join(dir, "lock");
    const all = { ...LOCK_TIMES, ...times };
    const token = randomUUID();
    let previousOwners = NO_OWNERS;
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      previousOwners = worstOf(previousOwners, await findPreviousOwners(path));
      const { crashes, mayRun } = previousOwners;
      try {
        await createLock(path, { ...thisProcess(), token, crashes, ...(mayRun ? { afterLiving: true } : {}) });
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        const isFull = isDiskFull(error);
        if (code !== "EEXIST" && !isFull) throw error;
        const isMoved = await removeDeadLock(dir, path, all);
        if (isFull && !isMoved && !(await deleteLeftovers(path))) throw error;
        continue;
      }
      // Another process may have renamed the previous lock just now.
      const found = worstOf(previousOwners, await findPreviousOwners(path));
      if (found.crashes === crashes && found.mayRun === mayRun) return new Lock(path, token, previousOwners, all);
      await rm(path, { force: true });
    }
    throw new JournalError(
      "journal_locked",
      `The journal ${dir} is being locked by several processes at the same time. Try again.`,
    );
  }

  /** Deletes the files of previous owners. Call it once their later writes can do no harm. */
  async confirm(): Promise<void> {
    if (this.#isConfirmed) return;
    const { renamed, drafts } = await listLeftovers(this.path);
    if (!(await this.check())) return;
    for (const file of [...renamed, ...drafts]) await rm(file, { force: true });
    this.#isConfirmed = true;
  }

  /** Whether another process has taken the lock over, for example while this one was suspended. */
  get lost(): boolean {
    return this.#state === "lost";
  }

  /** Whether there is no lock file any more: the lock was released, or the file was removed. */
  get gone(): boolean {
    return this.#state === "gone";
  }

  /** Whether the last check is so long ago, by either clock, that another process may have taken the lock over since. */
  get stale(): boolean {
    const limit = 2 * this.times.heartbeatMs;
    return performance.now() - this.#checked > limit || Math.abs(Date.now() - this.#checkedAt) > limit;
  }

  /** Whether this process certainly holds the lock. Does not read the file. */
  get isSure(): boolean {
    return this.#state === "held" && !this.stale;
  }

  /** Checks whether this process still holds the lock. If so, touches the file. */
  async check(): Promise<boolean> {
    if (this.#state !== "held") return false;
    // Taken before the file is read, because the lock may change after that.
    const [checked, checkedAt] = [performance.now(), Date.now()];
    const lock = await readLock(this.path);
    if (this.#state !== "held") return false;
    if (lock === undefined || lock === "incomplete") this.#state = "gone";
    else if (lock.token !== this.token) this.markLost();
    else {
      // If the lock cannot be touched it becomes stale, so it is checked before each write.
      const isTouched = await utimes(this.path, new Date(), new Date()).then(
        () => true,
        () => false,
      );
      if (isTouched) [this.#checked, this.#checkedAt] = [checked, checkedAt];
      await this.#recordShortRunPassed();
    }
    return this.#state === "held";
  }

  async #recordShortRunPassed(): Promise<void> {
    if (this.#hasLasted || performance.now() - this.#takenAt < this.times.shortRunMs) return;
    this.#hasLasted = true;
    await writeLasted(this.path, this.token).catch(() => undefined);
  }

  /** Gives up the lock, because another process has it or writes to the journal too. */
  markLost(): void {
    if (this.#state !== "held") return;
    this.#state = "lost";
    this.onLost?.();
  }

  async release(): Promise<void> {
    clearInterval(this.#heartbeat);
    this.#state = "gone";
    heldTokens.delete(this.token);
    if (await hasToken(this.path, this.token).catch(() => false)) await rm(this.path, { force: true });
  }
}
