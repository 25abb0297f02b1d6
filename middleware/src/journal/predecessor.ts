import { stat } from "node:fs/promises";
import { JournalError } from "./errors.js";
import { type LockFile, listLeft, moveAside, putBack, readLock } from "./lock-file.js";
import { judge } from "./owner.js";

/** Times of the lock protocol, milliseconds. Tests shorten them. */
export interface LockTimes {
  /** Interval at which the owner touches its lock. After twice this time a check is outdated: this process may have been suspended. */
  readonly beatMs: number;
  /** If the system cannot tell whether an owner runs, it is presumed dead after this time without a touch. More than twice `beatMs`. */
  readonly silentMs: number;
  /** If the lock was not touched for this long, the owner's pid may have been reused by another process. */
  readonly longMs: number;
  /** How long to wait for a lock file without an owner, such as after a power cut. */
  readonly unclearMs: number;
  /** If an owner crashes within this time after it took the lock, its crash adds to the earlier ones. */
  readonly shortLifeMs: number;
}

export const LOCK_TIMES: LockTimes = {
  beatMs: 3_000,
  silentMs: 10_000,
  longMs: 60_000,
  unclearMs: 1_000,
  shortLifeMs: 60_000,
};

/** Tokens of the locks that this process holds. */
export const held = new Set<string>();

/** The previous owners of the lock. */
export interface Predecessor {
  /** It may still run, for example as a stopped process. Its later writes must not mix with ours. */
  readonly mayLive: boolean;
  /** Number of crashes in a row, see `Journal.crashes`; 0 if the last owner released the lock. */
  readonly crashes: number;
}

/** The lock was released, or there never was one. */
export const NOBODY: Predecessor = { mayLive: false, crashes: 0 };

/** Combines two predecessors: the worse value of each field. */
export function worse(a: Predecessor, b: Predecessor): Predecessor {
  return { mayLive: a.mayLive || b.mayLive, crashes: Math.max(a.crashes, b.crashes) };
}

function describe(lock: LockFile | "unclear" | undefined, isEnded: boolean): Predecessor {
  if (lock === undefined || lock === "unclear") return { mayLive: true, crashes: 1 };
  const { crashes = 0, lasted = 1, afterLiving = false } = lock;
  const before = lasted === 0 && Number.isSafeInteger(crashes) && crashes > 0 ? crashes : 0;
  return { mayLive: !isEnded || afterLiving, crashes: before + 1 };
}

/**
 * Moves a dead owner's lock aside, to keep it until the next owner is ready.
 * @returns whether this process moved one
 * @throws JournalError `journal_locked` if its owner still runs
 */
export async function moveOut(dir: string, path: string, times: LockTimes): Promise<boolean> {
  const owner = await readLock(path);
  if (owner === undefined) return false;
  if (owner === "unclear") {
    if (!(await staysUnclear(path, times.unclearMs))) return false;
  } else if (await isAlive(path, owner, times)) {
    const message = `The journal ${dir} is in use by process ${owner.pid} on ${owner.host}. Stop that process, or use another folder.`;
    throw new JournalError("journal_locked", message, { owner: { pid: owner.pid, host: owner.host } });
  }
  const aside = await moveAside(path);
  if (aside === undefined) return false;
  const moved = await readLock(aside);
  // Another process took over the dead lock after we read it.
  const isOther = typeof moved === "object" && (owner === "unclear" || moved.token !== owner.token);
  if (isOther) await putBack(aside, path);
  return !isOther;
}

/**
 * The owners before the current owner of the lock at `path`: all whose locks were moved aside and not deleted since. A lock that was
 * released leaves no file.
 */
export async function findPredecessor(path: string): Promise<Predecessor> {
  let found = NOBODY;
  for (const aside of (await listLeft(path)).aside) {
    const lock = await readLock(aside);
    found = worse(found, describe(lock, typeof lock === "object" && judge(lock) === "ended"));
  }
  return found;
}

async function isAlive(path: string, owner: LockFile, times: LockTimes): Promise<boolean> {
  const file = await stat(path).catch(() => undefined);
  if (file === undefined) return false;
  if (owner.ino === undefined || owner.ino === file.ino) {
    if (held.has(owner.token)) return true;
    const state = judge(owner);
    if (state === "ended") return false;
    if (state === "running" && Math.abs(Date.now() - file.mtimeMs) < times.longMs) return true;
  } else if (Date.now() - file.mtimeMs > times.longMs) return false; // a copy of the folder
  return isTouched(path, file.mtimeMs, times.silentMs);
}

/** Whether a file is touched within `silentMs`. Its age is not reliable, because the clocks of two hosts differ. */
async function isTouched(path: string, since: number, silentMs: number): Promise<boolean> {
  for (const end = performance.now() + silentMs; performance.now() < end; ) {
    await pause(Math.min(500, silentMs));
    const now = await stat(path).then(
      ({ mtimeMs }) => mtimeMs,
      () => undefined,
    );
    if (now !== since) return now !== undefined;
  }
  return false;
}

/** Whether a lock file names no owner for `ms`. A running owner writes its name at once. */
async function staysUnclear(path: string, ms: number): Promise<boolean> {
  for (const end = performance.now() + ms; performance.now() < end; ) {
    await pause(Math.min(100, ms));
    if ((await readLock(path)) !== "unclear") return false;
  }
  return true;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
