import { randomUUID } from "node:crypto";
import { link, open, readdir, readFile, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { Owner } from "./owner.js";

/** What a lock's file says of its owner. */
export interface LockFile extends Owner {
  token: string;
  /** The file's own number: a copy of the folder has another. */
  ino?: number;
  /** The owner's `Journal.crashes`. */
  crashes?: number;
  /** The owner took the lock from one that may live, and may not have fenced off what that one writes. */
  afterLiving?: true;
  /** 1 once the owner has had the lock for a minute, by a clock that nobody sets. */
  lasted?: 0 | 1;
}

/** What a lock's file holds: nothing when there is none; `unclear` when it is empty or damaged, as after a power cut. */
export async function readLock(path: string): Promise<LockFile | "unclear" | undefined> {
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
    const isWhole = typeof lock?.token === "string" && typeof lock.host === "string" && Number.isSafeInteger(lock.pid);
    return isWhole ? (lock as LockFile) : "unclear";
  } catch {
    return "unclear";
  }
}

/** Whether a file is the lock of that owner. */
export async function hasToken(path: string, token: string): Promise<boolean> {
  const lock = await readLock(path);
  return typeof lock === "object" && lock.token === token;
}

/**
 * Makes the lock's file, which must not be there; nobody ever sees it without its content, where the file system has links.
 * @throws `EEXIST` when there is one
 */
export async function createLock(path: string, mine: LockFile): Promise<void> {
  const draft = `${path}.new-${randomUUID()}`;
  try {
    await write(draft, mine);
    await link(draft, path);
  } catch (error) {
    const { code, syscall } = error as NodeJS.ErrnoException;
    if (syscall !== "link" || code === "EEXIST" || code === "ENOENT") throw error;
    await write(path, mine);
    // Empty for a moment, it may have been taken for one that a power cut left.
    if (!(await hasToken(path, mine.token))) throw Object.assign(new Error("EEXIST: taken"), { code: "EEXIST" });
  } finally {
    await rm(draft, { force: true }).catch(() => undefined);
  }
}

async function write(path: string, mine: LockFile): Promise<void> {
  const file = await open(path, "wx", 0o600);
  try {
    const { ino } = await file.stat();
    // `lasted` comes last: it is changed in its place.
    await file.writeFile(JSON.stringify({ ...mine, ...(ino > 0 ? { ino } : {}), lasted: 0 }));
    await file.sync().catch(() => undefined);
  } finally {
    await file.close().catch(() => undefined);
  }
}

/** Notes in the lock's file that its owner has lasted. Another owner's file is never touched. */
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

/** Moves a lock to the name under which it is kept until its successor is ready. Only one of several processes gets to move it. */
export async function moveAside(path: string): Promise<string | undefined> {
  const aside = `${path}.old-${randomUUID()}`;
  return rename(path, aside).then(
    () => aside,
    () => undefined,
  );
}

/** Puts back a lock that was moved by mistake, unless there is another by now. */
export async function putBack(aside: string, path: string): Promise<void> {
  try {
    await link(aside, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") await rename(aside, path).catch(() => undefined);
  }
  await rm(aside, { force: true });
}

/** The locks that were moved aside, and what is left of unfinished ones. */
export async function listLeft(path: string): Promise<{ aside: string[]; drafts: string[] }> {
  const dir = dirname(path);
  const names = await readdir(dir);
  const starting = (start: string): string[] =>
    names.filter((name) => name.startsWith(`${basename(path)}.${start}-`)).map((name) => join(dir, name));
  return { aside: starting("old"), drafts: starting("new") };
}
