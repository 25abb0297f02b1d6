import { close, closeSync, constants, fsync, lstatSync, open } from "node:fs";
import { type FileHandle, statfs } from "node:fs/promises";

const isWindows = process.platform === "win32";

/** Whether the volume or the quota is full. */
export function isDiskFull(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === "ENOSPC" || code === "EDQUOT";
}

/** Error codes of file systems that cannot sync a folder, such as some network and FUSE ones. These errors are ignored. */
const CANNOT_SYNC_CODES = new Set(["EINVAL", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EPERM", "EISDIR"]);

/** Opens a file with flags of `constants`. Rejects with `ELOOP` if it is a symbolic link. */
export function openFile(path: string, flags: number, mode?: number): Promise<number> {
  // Windows has no O_NOFOLLOW. This earlier check is enough there, because only administrators can create links.
  if (constants.O_NOFOLLOW === undefined && lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink()) {
    return Promise.reject(Object.assign(new Error(`ELOOP: ${path} is a symbolic link`), { code: "ELOOP" }));
  }
  return new Promise((resolve, reject) => {
    open(path, flags | (constants.O_NOFOLLOW ?? 0), mode, (error, fd) => (error ? reject(error) : resolve(fd)));
  });
}

/** Closes a descriptor and ignores errors. Never close it again: it is closed even after an error, and its number may be reused. */
export function closeQuietly(fd: number): void {
  try {
    closeSync(fd);
  } catch {
    // No data is lost: acknowledged lines are already synced.
  }
}

/** Closes a file handle and ignores errors. */
export async function closeHandle(file: FileHandle): Promise<void> {
  await file.close().catch(() => undefined);
}

/** Syncs a folder, so that the names of new files in it are on disk. Windows neither needs nor allows this. */
export async function syncFolder(dir: string): Promise<void> {
  if (isWindows) return;
  try {
    const fd = await new Promise<number>((resolve, reject) => {
      open(dir, constants.O_RDONLY, (error, opened) => (error ? reject(error) : resolve(opened)));
    });
    try {
      await new Promise<void>((resolve, reject) => fsync(fd, (error) => (error ? reject(error) : resolve())));
    } finally {
      close(fd, () => undefined);
    }
  } catch (error) {
    if (!CANNOT_SYNC_CODES.has((error as NodeJS.ErrnoException).code ?? "")) throw error;
  }
}

/** Free bytes for this process on the volume of a folder; `undefined` if the system does not report them. */
export async function freeBytes(dir: string): Promise<number | undefined> {
  try {
    const { bavail, bsize } = await statfs(dir);
    return bavail * bsize;
  } catch {
    return undefined;
  }
}
