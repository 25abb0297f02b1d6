import { randomUUID } from "node:crypto";
import { link, open, readdir, readFile, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { ProcessIdentity } from "./process-identity.js";

/** Where the owner of a lock takes pushes of other processes. */
export interface LockSocket {
  /** Path of the socket, or name of the named pipe. */
  path: string;
  /** A secret that a process must send first. Only processes that can read the lock file know it. */
  key: string;
}

/** The owner of a lock, as its file describes it. */
export interface LockFile extends ProcessIdentity {
  /** Unique: every process that takes the lock chooses a new one. */
  token: string;
  /** Absent if the owner takes no pushes of other processes. */
  socket?: LockSocket | undefined;
  /** The file's inode number. In a copy of the folder it differs. */
  ino?: number;
  /** The owner's `Journal.crashes`. */
  crashes?: number;
  /**
   * The owner took the lock over from a process that may still run. The owner wrote this file before it excluded later writes of that
   * process with `SegmentHead.after`.
   */
  afterLiving?: true;
  /** 1 once the owner has held the lock for a minute, by the monotonic clock. */
  lasted?: 0 | 1;
}

/** Reads a lock file. `undefined`: there is none. `incomplete`: it is empty or damaged, for example after a power cut. */
export async function readLock(path: string): Promise<LockFile | "incomplete" | undefined> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw error;
  }
  try {
    const lock = JSON.parse(text) as Partial<LockFile> | null;
    const isComplete =
      typeof lock?.token === "string" && typeof lock.host === "string" && Number.isSafeInteger(lock.pid);
    return isComplete ? (lock as LockFile) : "incomplete";
  } catch {
    return "incomplete";
  }
}

/** Whether a lock file contains a token. */
export async function hasToken(path: string, token: string): Promise<boolean> {
  const lock = await readLock(path);
  return typeof lock === "object" && lock.token === token;
}

/**
 * Creates the lock file. If the file system supports hard links, other processes never see an incomplete file.
 * @throws `EEXIST` if there is a lock file already
 */
export async function createLock(path: string, lock: LockFile): Promise<void> {
  const draft = `${path}.new-${randomUUID()}`;
  try {
    await writeLockFile(draft, lock);
    await link(draft, path);
  } catch (error) {
    const { code, syscall } = error as NodeJS.ErrnoException;
    if (syscall !== "link" || code === "EEXIST" || code === "ENOENT") throw error;
    await writeLockFile(path, lock);
    // The file was empty for a moment, so another process may have removed it as if it were left by a power cut.
    if (!(await hasToken(path, lock.token))) throw Object.assign(new Error("EEXIST: taken"), { code: "EEXIST" });
  } finally {
    await rm(draft, { force: true }).catch(() => undefined);
  }
}

async function writeLockFile(path: string, lock: LockFile): Promise<void> {
  const file = await open(path, "wx", 0o600);
  try {
    const { ino } = await file.stat();
    // `lasted` must come last: writeLasted() overwrites it in place.
    await file.writeFile(JSON.stringify({ ...lock, ...(ino > 0 ? { ino } : {}), lasted: 0 }));
    await file.sync().catch(() => undefined);
  } finally {
    await file.close().catch(() => undefined);
  }
}

/** Sets `lasted` to 1 in the lock file, unless the file belongs to another owner. */
export async function writeLasted(path: string, token: string): Promise<void> {
  const file = await open(path, "r+");
  try {
    const text = await file.readFile("utf8");
    if ((JSON.parse(text) as LockFile).token !== token || !text.endsWith('"lasted":0}')) return;
    await file.write("1", Buffer.byteLength(text) - 2);
  } finally {
    await file.close().catch(() => undefined);
  }
}

/**
 * Renames a lock file, to keep it until the next owner is ready. Of several processes, only one succeeds.
 * @returns the new path; `undefined` if the file could not be renamed
 */
export async function renameLock(path: string): Promise<string | undefined> {
  const renamed = `${path}.old-${randomUUID()}`;
  return rename(path, renamed).then(
    () => renamed,
    () => undefined,
  );
}

/** Restores a lock file that was renamed by mistake, unless there is a new one. */
export async function restoreLock(renamed: string, path: string): Promise<void> {
  try {
    await link(renamed, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") await rename(renamed, path).catch(() => undefined);
  }
  await rm(renamed, { force: true });
}

/** Files of previous owners: renamed lock files, and drafts of lock files that were never completed. */
export async function listLeftovers(path: string): Promise<{ renamed: string[]; drafts: string[] }> {
  const dir = dirname(path);
  const names = await readdir(dir);
  const starting = (start: string): string[] =>
    names.filter((name) => name.startsWith(`${basename(path)}.${start}-`)).map((name) => join(dir, name));
  return { renamed: starting("old"), drafts: starting("new") };
}
