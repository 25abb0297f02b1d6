import { randomUUID } from "node:crypto";
import { open, readFile, rename, rm, stat, utimes } from "node:fs/promises";
import { join } from "node:path";
import { JournalError } from "./errors.js";
import { judge, type Owner, thisOwner } from "./owner.js";

const BEAT_MS = 3_000;
/** Whether an owner that cannot be asked for lives is seen by its touching the lock within this time. */
const SILENT_MS = 10_000;
/** A lock that was not touched for so long may be that of another process that got the owner's pid. */
const LONG_MS = 60_000;
/** A look at the lock says nothing any more after this time: this process may have slept since. */
const STALE_MS = 2 * BEAT_MS;

interface LockFile extends Owner {
  token: string;
  /** The file's own number: a copy of the folder has another. */
  ino?: number;
}

const held = new Set<string>();

async function readLock(path: string): Promise<LockFile | undefined> {
  try {
    return JSON.parse(await readFile(path, "utf8")) as LockFile;
  } catch {
    return undefined;
  }
}

async function isAlive(path: string, owner: LockFile, silentMs: number): Promise<boolean> {
  const file = await stat(path).catch(() => undefined);
  if (file === undefined) return false;
  if (owner.ino === undefined || owner.ino === file.ino) {
    if (held.has(owner.token)) return true;
    const state = judge(owner);
    if (state === "ended") return false;
    if (state === "running" && Math.abs(Date.now() - file.mtimeMs) < LONG_MS) return true;
  } else if (Date.now() - file.mtimeMs > LONG_MS) return false; // a copy of the folder
  return isTouched(path, file.mtimeMs, silentMs);
}

/** Whether a file is touched within some time. The clocks of two hosts differ, so that its age tells nothing. */
async function isTouched(path: string, since: number, silentMs: number): Promise<boolean> {
  for (const end = performance.now() + silentMs; performance.now() < end; ) {
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
  /** Called when another process is seen to have the lock. */
  onLost: (() => void) | undefined;
  #state: "held" | "gone" | "lost" = "held";
  #seen = performance.now();
  #seenAt = Date.now();
  readonly #beat: NodeJS.Timeout;

  private constructor(
    private readonly path: string,
    private readonly token: string,
  ) {
    held.add(token);
    this.#beat = setInterval(() => void this.check().catch(() => undefined), BEAT_MS);
    this.#beat.unref();
  }

  /**
   * Takes the lock of a folder; that of an owner that has ended is taken over at once. Where the system cannot tell, as of an owner on
   * another host or in another container, or in a folder that was copied just now, the lock is taken over when nobody touches it for some seconds.
   * @throws JournalError `journal_locked`, naming the owner
   */
  static async take(dir: string, silentMs: number = SILENT_MS): Promise<Lock> {
    const path = join(dir, "lock");
    const mine: LockFile = { ...thisOwner(), token: randomUUID() };
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
    return this.#state === "lost";
  }

  /** Whether there is no lock any more: it was released, or its file was removed. */
  get gone(): boolean {
    return this.#state === "gone";
  }

  /** Whether so much time has gone by since the last look, by either clock, that another process may have the lock now. */
  get stale(): boolean {
    return performance.now() - this.#seen > STALE_MS || Math.abs(Date.now() - this.#seenAt) > STALE_MS;
  }

  /** Looks whether the lock is held still, and touches it then. */
  async check(): Promise<boolean> {
    if (this.#state !== "held") return false;
    // What happens after the look is not seen by it.
    const [seen, seenAt] = [performance.now(), Date.now()];
    const text = await readFile(this.path, "utf8").catch((error) => {
      if (error.code === "ENOENT" || error.code === "ENOTDIR") return undefined;
      throw error;
    });
    if (this.gone) return false;
    if (text === undefined) this.#state = "gone";
    else if ((JSON.parse(text) as LockFile).token !== this.token) {
      this.#state = "lost";
      this.onLost?.();
    } else {
      [this.#seen, this.#seenAt] = [seen, seenAt];
      await utimes(this.path, new Date(), new Date()).catch(() => undefined);
    }
    return this.#state === "held";
  }

  async release(): Promise<void> {
    clearInterval(this.#beat);
    this.#state = "gone";
    held.delete(this.token);
    if ((await readLock(this.path))?.token === this.token) await rm(this.path, { force: true });
  }
}
