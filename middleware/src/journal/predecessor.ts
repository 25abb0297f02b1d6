import { stat } from "node:fs/promises";
import { JournalError } from "./errors.js";
import { type LockFile, listLeft, moveAside, putBack, readLock } from "./lock-file.js";
import { judge } from "./owner.js";

/** How long a lock is waited for, ms. Tests make it shorter. */
export interface LockTimes {
  /** The owner touches its lock this often. A look at the lock says nothing any more after twice this time: this process may have slept. */
  readonly beatMs: number;
  /** An owner that nobody can ask for lives if it touches the lock within this time; more than twice `beatMs`. */
  readonly silentMs: number;
  /** A lock that was not touched for so long may be that of another process that got the owner's pid. */
  readonly longMs: number;
  /** A lock that names no owner, as a power cut leaves one, is waited for so long. */
  readonly unclearMs: number;
  /** An owner that crashed within this time after it took the lock adds to its predecessor's crashes. */
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

/** Who had the lock before. */
export interface Predecessor {
  /** It may live, as a process that was stopped does: what it writes must not be disturbed, nor disturb. */
  readonly mayLive: boolean;
  /** How often in a row owners crashed shortly after they took the lock; 0 when the last one released it. */
  readonly crashes: number;
}

/** The lock was released, or there never was one. */
export const NOBODY: Predecessor = { mayLive: false, crashes: 0 };

/** The two as one. */
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
 * Moves a dead owner's lock out of the way: to a name of its own, until its successor is ready.
 * @returns whether there was one
 * @throws JournalError `journal_locked` when its owner lives
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
  // Somebody took the dead lock over between our look and our move.
  const isOther = typeof moved === "object" && (owner === "unclear" || moved.token !== owner.token);
  if (isOther) await putBack(aside, path);
  return !isOther;
}

/**
 * Who had the lock before the owner of the one at `path`: all that were moved aside and that no later owner has cleared away.
 * A lock that was released leaves nothing.
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

/** Whether a file is touched within some time. The clocks of two hosts differ, so that its age tells nothing. */
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

/** Whether a lock names no owner for some time: one that lives names itself at once. */
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
