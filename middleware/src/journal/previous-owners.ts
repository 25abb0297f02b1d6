import { stat } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { JournalError } from "./errors.js";
import { type LockFile, listLeftovers, readLock, renameLock, restoreLock } from "./lock-file.js";
import { processState } from "./process-identity.js";

/** Times of the lock protocol, milliseconds. Tests shorten them. */
export interface LockTimes {
  /** Interval at which the owner touches its lock. After twice this time a check is stale: this process may have been suspended. */
  readonly heartbeatMs: number;
  /** If the system cannot tell whether an owner runs, it is presumed dead after this time without a touch. Must be more than twice `heartbeatMs`. */
  readonly presumeDeadMs: number;
  /** If the lock was not touched for this long, the owner's pid may have been reused by another process. */
  readonly pidReuseMs: number;
  /** How long to wait for the content of an incomplete lock file, which a power cut may have left. */
  readonly incompleteMs: number;
  /** A crash within this time after the owner took the lock is added to the earlier crashes. */
  readonly shortRunMs: number;
}

export const LOCK_TIMES: LockTimes = {
  heartbeatMs: 3_000,
  presumeDeadMs: 10_000,
  pidReuseMs: 60_000,
  incompleteMs: 1_000,
  shortRunMs: 60_000,
};

/** Tokens of the locks that this process holds. */
export const heldTokens = new Set<string>();

/** The previous owners of the lock. */
export interface PreviousOwners {
  /** One of them may still run, for example as a suspended process. Its later writes must not mix with those of this process. */
  readonly mayStillRun: boolean;
  /** Number of crashes in a row, see `Journal.crashes`; 0 if the last owner released the lock. */
  readonly crashes: number;
}

/** The lock was released, or there never was one. */
export const NO_OWNERS: PreviousOwners = { mayStillRun: false, crashes: 0 };

/** Combines two results: the worse value of each field. */
export function worstOf(a: PreviousOwners, b: PreviousOwners): PreviousOwners {
  return { mayStillRun: a.mayStillRun || b.mayStillRun, crashes: Math.max(a.crashes, b.crashes) };
}

/** What the lock of a previous owner shows about it. */
function previousOwnerOf(lock: LockFile | "incomplete" | undefined, isEnded: boolean): PreviousOwners {
  if (lock === undefined || lock === "incomplete") return { mayStillRun: true, crashes: 1 };
  const { crashes = 0, lasted = 1, afterLiving = false } = lock;
  const before = lasted === 0 && Number.isSafeInteger(crashes) && crashes > 0 ? crashes : 0;
  return { mayStillRun: !isEnded || afterLiving, crashes: before + 1 };
}

/**
 * Renames the lock of an owner that has ended or is presumed dead, so that the next owner can create its own. The renamed file stays until
 * the next owner is ready.
 * @returns whether this process renamed one
 * @throws JournalError `journal_locked` if its owner still runs
 */
export async function renameAbandonedLock(dir: string, path: string, times: LockTimes): Promise<boolean> {
  const owner = await readLock(path);
  if (owner === undefined) return false;
  if (owner === "incomplete") {
    if (!(await staysIncomplete(path, times.incompleteMs))) return false;
  } else if (await mayStillRun(path, owner, times)) {
    const message = `The journal ${dir} is in use by process ${owner.pid} on ${owner.host}. Stop that process, or use another folder.`;
    throw new JournalError("journal_locked", message, { owner: { pid: owner.pid, host: owner.host } });
  }
  const renamed = await renameLock(path);
  if (renamed === undefined) return false;
  const lock = await readLock(renamed);
  // The file may belong to another process, which took the lock over after this one read it.
  const isOther = typeof lock === "object" && (owner === "incomplete" || lock.token !== owner.token);
  if (isOther) await restoreLock(renamed, path);
  return !isOther;
}

/** Reads the renamed locks of previous owners. A released lock leaves no file. */
export async function findPreviousOwners(path: string): Promise<PreviousOwners> {
  let found = NO_OWNERS;
  for (const renamed of (await listLeftovers(path)).renamed) {
    const lock = await readLock(renamed);
    found = worstOf(found, previousOwnerOf(lock, typeof lock === "object" && processState(lock) === "ended"));
  }
  return found;
}

/** Whether the owner of a lock may still run. If the system cannot tell, this takes up to `presumeDeadMs`. */
async function mayStillRun(path: string, owner: LockFile, times: LockTimes): Promise<boolean> {
  const file = await stat(path).catch(() => undefined);
  if (file === undefined) return false;
  if (owner.ino === undefined || owner.ino === file.ino) {
    if (heldTokens.has(owner.token)) return true;
    const state = processState(owner);
    if (state === "ended") return false;
    if (state === "running" && Math.abs(Date.now() - file.mtimeMs) < times.pidReuseMs) return true;
  } else if (Date.now() - file.mtimeMs > times.pidReuseMs) return false; // a copy of the folder
  return isTouchedWithin(path, file.mtimeMs, times.presumeDeadMs);
}

/** Whether a file is touched within `presumeDeadMs`. Its age is not reliable, because the clocks of two hosts differ. */
async function isTouchedWithin(path: string, lastTouch: number, presumeDeadMs: number): Promise<boolean> {
  for (const end = performance.now() + presumeDeadMs; performance.now() < end; ) {
    await sleep(Math.min(500, presumeDeadMs));
    const now = await stat(path).then(
      ({ mtimeMs }) => mtimeMs,
      () => undefined,
    );
    if (now !== lastTouch) return now !== undefined;
  }
  return false;
}

/** Whether a lock file stays incomplete for `ms`. A running owner completes it immediately. */
async function staysIncomplete(path: string, ms: number): Promise<boolean> {
  for (const end = performance.now() + ms; performance.now() < end; ) {
    await sleep(Math.min(100, ms));
    if ((await readLock(path)) !== "incomplete") return false;
  }
  return true;
}
