import { randomUUID } from "node:crypto";
import { rm, utimes } from "node:fs/promises";
import { join } from "node:path";
import { isDiskFull } from "./disk.js";
import { JournalError } from "./errors.js";
import { createLock, hasToken, type LockSocket, listLeftovers, readLock, writeLasted } from "./lock-file.js";
import {
  findPreviousOwners,
  heldTokens,
  LOCK_TIMES,
  type LockTimes,
  NO_OWNERS,
  type PreviousOwners,
  renameAbandonedLock,
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
  /** Called once, when another process has the lock or writes to the journal too. */
  onLost: (() => void) | undefined;
  #state: "held" | "gone" | "lost" = "held";
  /** Time of the last successful check, by the monotonic clock and by the system clock. Milliseconds. */
  #checkedByMonotonicClock = performance.now();
  #checkedBySystemClock = Date.now();
  readonly #takenByMonotonicClock = performance.now();
  /** Whether this process has held the lock for `shortRunMs`. */
  #hasLasted = false;
  /** Whether the files of previous owners were deleted. */
  #hasDeletedLeftovers = false;
  readonly #heartbeat: NodeJS.Timeout;

  private constructor(
    private readonly path: string,
    private readonly token: string,
    /** The processes that had the lock before. */
    readonly previousOwners: PreviousOwners,
    readonly times: LockTimes,
    readonly socket: LockSocket | undefined,
  ) {
    heldTokens.add(token);
    this.#heartbeat = setInterval(() => void this.check().catch(() => undefined), times.heartbeatMs);
    this.#heartbeat.unref();
  }

  /**
   * Takes the lock of a folder. What happens to an existing lock depends on its owner:
   *
   * - It has ended: takes the lock over immediately.
   * - It runs: throws `journal_locked`.
   * - Unknown, for example because it may be on another host or in another container: waits for `presumeDeadMs`. If the owner touches the
   *   lock file in this time, throws `journal_locked`. Otherwise takes the lock over.
   * @param socket where this process takes pushes of other processes; default: nowhere
   * @throws JournalError `journal_locked`, with the owner if it is known
   */
  static async take(dir: string, times: Partial<LockTimes> = {}, socket?: LockSocket): Promise<Lock> {
    const path = join(dir, "lock");
    const all = { ...LOCK_TIMES, ...times };
    const token = randomUUID();
    let previousOwners = NO_OWNERS;
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      previousOwners = worstOf(previousOwners, await findPreviousOwners(path));
      const { crashes, mayStillRun } = previousOwners;
      try {
        const after = mayStillRun ? { afterLiving: true as const } : {};
        await createLock(path, { ...thisProcess(), token, crashes, ...after, socket });
      } catch (error) {
        const { code, syscall } = error as NodeJS.ErrnoException;
        if (code === "ENOENT" && syscall === "link") continue; // the process that has just taken the lock deleted this draft
        const isFull = isDiskFull(error);
        if (code !== "EEXIST" && !isFull) throw error;
        const isRenamed = await renameAbandonedLock(dir, path, all);
        if (isFull && !isRenamed && !(await deleteLeftovers(path))) throw error;
        continue;
      }
      // Another process may have renamed the previous lock just now.
      const found = worstOf(previousOwners, await findPreviousOwners(path));
      if (found.crashes === crashes && found.mayStillRun === mayStillRun)
        return new Lock(path, token, previousOwners, all, socket);
      await rm(path, { force: true });
    }
    throw new JournalError(
      "journal_locked",
      `The journal ${dir} is being locked by several processes at the same time. Try again.`,
    );
  }

  /** Deletes the files of previous owners. Call it when their later writes can no longer affect the journal. */
  async deleteLeftovers(): Promise<void> {
    if (this.#hasDeletedLeftovers) return;
    const { renamed, drafts } = await listLeftovers(this.path);
    if (!(await this.check())) return;
    for (const file of [...renamed, ...drafts]) await rm(file, { force: true });
    this.#hasDeletedLeftovers = true;
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
    return (
      performance.now() - this.#checkedByMonotonicClock > limit ||
      Math.abs(Date.now() - this.#checkedBySystemClock) > limit
    );
  }

  /** Whether this process certainly holds the lock. Does not read the file. */
  get isCertainlyHeld(): boolean {
    return this.#state === "held" && !this.stale;
  }

  /** Checks whether this process still holds the lock. If so, touches the file. */
  async check(): Promise<boolean> {
    if (this.#state !== "held") return false;
    // Read the clocks before the file, because the lock may change after it is read.
    const [checked, checkedAt] = [performance.now(), Date.now()];
    const lock = await readLock(this.path);
    if (this.#state !== "held") return false;
    if (lock === undefined || lock === "incomplete") this.#state = "gone";
    else if (lock.token !== this.token) this.markLost();
    else {
      // If the lock cannot be touched it becomes stale, so it is checked before each write.
      const hasTouched = await utimes(this.path, new Date(), new Date()).then(
        () => true,
        () => false,
      );
      if (hasTouched) [this.#checkedByMonotonicClock, this.#checkedBySystemClock] = [checked, checkedAt];
      await this.#recordLasted();
    }
    return this.#state === "held";
  }

  async #recordLasted(): Promise<void> {
    if (this.#hasLasted || performance.now() - this.#takenByMonotonicClock < this.times.shortRunMs) return;
    this.#hasLasted = true;
    await writeLasted(this.path, this.token).catch(() => undefined);
  }

  /** Gives up the lock, because another process has it or writes to the journal too. */
  markLost(): void {
    if (this.#state !== "held") return;
    this.#state = "lost";
    this.onLost?.();
  }

  /** Releases the lock. Deletes its file, unless another process has the lock. */
  async release(): Promise<void> {
    clearInterval(this.#heartbeat);
    this.#state = "gone";
    heldTokens.delete(this.token);
    if (await hasToken(this.path, this.token).catch(() => false)) await rm(this.path, { force: true });
  }
}
