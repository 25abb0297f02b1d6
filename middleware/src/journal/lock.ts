import { randomUUID } from "node:crypto";
import { open, readFile, rename, rm, stat, utimes } from "node:fs/promises";
import { hostname, uptime } from "node:os";
import { join } from "node:path";
import { JournalError, type LockOwner } from "./errors.js";

const BEAT_MS = 3_000;
/** Whether an owner on another host lives is seen by its touching the lock within this time. */
const SILENT_MS = 10_000;
/** Two boots of one machine are further apart than the clock's corrections. */
const SAME_BOOT_MS = 120_000;

interface LockFile extends LockOwner {
  token: string;
  /** When the owner's machine was booted, ms: after another boot the same pid is another process. */
  booted: number;
  /** The file's own number: a copy of the folder has another, and nobody's lock in it. */
  ino?: number;
}

const held = new Set<string>();

function bootTime(): number {
  return Math.round(Date.now() - uptime() * 1000);
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

async function readLock(path: string): Promise<LockFile | undefined> {
  try {
    return JSON.parse(await readFile(path, "utf8")) as LockFile;
  } catch {
    return undefined;
  }
}

async function isAlive(path: string, owner: LockFile, silentMs: number): Promise<boolean> {
  if (held.has(owner.token)) return true;
  const file = await stat(path).catch(() => undefined);
  if (file === undefined || (owner.ino !== undefined && owner.ino !== file.ino)) return false;
  if (owner.host !== hostname()) return isTouched(path, file.mtimeMs, silentMs);
  if (owner.pid === process.pid) return false;
  return Math.abs(owner.booted - bootTime()) < SAME_BOOT_MS && isRunning(owner.pid);
}

/** Whether a file is touched within some time. The clocks of two hosts differ, so that its age tells nothing. */
async function isTouched(path: string, since: number, silentMs: number): Promise<boolean> {
  for (const end = Date.now() + silentMs; Date.now() < end; ) {
    await new Promise((resolve) => setTimeout(resolve, Math.min(500, silentMs)));
    const now = await stat(path).then(
      ({ mtimeMs }) => mtimeMs,
      () => undefined,
    );
    if (now !== since) return now !== undefined;
  }
  return false;
}

/** Makes the lock's file, which must not be there, and gives its number where the file system has one. */
async function createLock(path: string, mine: LockFile): Promise<void> {
  const file = await open(path, "wx", 0o600);
  try {
    const { ino } = await file.stat();
    await file.writeFile(JSON.stringify(ino > 0 ? { ...mine, ino } : mine));
  } finally {
    await file.close();
  }
}

/** The right to write a journal: a file that names its owner. */
export class Lock {
  #lost = false;
  readonly #beat: NodeJS.Timeout;

  private constructor(
    private readonly path: string,
    private readonly token: string,
  ) {
    held.add(token);
    this.#beat = setInterval(() => void this.#touch(), BEAT_MS);
    this.#beat.unref();
  }

  /**
   * Takes the lock of a folder; that of a dead owner is taken over, and one that was copied with its folder is nobody's. Whether an owner on
   * another host lives takes some seconds to see.
   * @throws JournalError `journal_locked`, naming the owner
   */
  static async take(dir: string, silentMs: number = SILENT_MS): Promise<Lock> {
    const path = join(dir, "lock");
    const mine: LockFile = { pid: process.pid, host: hostname(), token: randomUUID(), booted: bootTime() };
    for (let tries = 0; tries < 5; tries++) {
      try {
        await createLock(path, mine);
        return new Lock(path, mine.token);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      }
      await Lock.#clear(dir, path, silentMs);
    }
    throw new JournalError(
      "journal_locked",
      `The journal ${dir} is being taken by several processes at once; try again.`,
    );
  }

  /** Moves a dead owner's lock out of the way, or throws when its owner lives. */
  static async #clear(dir: string, path: string, silentMs: number): Promise<void> {
    const owner = await readLock(path);
    if (owner === undefined) {
      // An owner that died between making the file and filling it; a live one fills it at once.
      const age = await stat(path).then(
        ({ mtimeMs }) => Date.now() - mtimeMs,
        () => 0,
      );
      if (age < 2_000) await new Promise((resolve) => setTimeout(resolve, 100));
      else await rm(path, { force: true });
      return;
    }
    if (await isAlive(path, owner, silentMs)) {
      const message = `The journal ${dir} is in use by process ${owner.pid} on ${owner.host}. Stop that process, or use another folder.`;
      throw new JournalError("journal_locked", message, { owner: { pid: owner.pid, host: owner.host } });
    }
    const aside = `${path}.${randomUUID()}`;
    await rename(path, aside).catch(() => undefined);
    const moved = await readLock(aside);
    // Somebody took the dead lock over between our look and our move: give theirs back.
    if (moved !== undefined && moved.token !== owner.token) await rename(aside, path).catch(() => undefined);
    else await rm(aside, { force: true });
  }

  /** Whether another process has taken the lock over, as after a long sleep of this one. */
  get lost(): boolean {
    return this.#lost;
  }

  async #touch(): Promise<void> {
    const owner = await readLock(this.path);
    if (owner === undefined) return;
    this.#lost = owner.token !== this.token;
    if (!this.#lost) await utimes(this.path, new Date(), new Date()).catch(() => undefined);
  }

  async release(): Promise<void> {
    clearInterval(this.#beat);
    held.delete(this.token);
    if ((await readLock(this.path))?.token === this.token) await rm(this.path, { force: true });
  }
}
