import { close, closeSync, constants, fsync, lstatSync, open } from "node:fs";
import { type FileHandle, statfs } from "node:fs/promises";

const isWindows = process.platform === "win32";

/** What file systems say that cannot sync a folder, such as some network and FUSE ones. Nothing more can be done there. */
const CANNOT_SYNC = new Set(["EINVAL", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EPERM", "EISDIR"]);

/** Opens a file by flags of `constants`, and follows no symbolic link to it. */
export function openFile(path: string, flags: number, mode?: number): Promise<number> {
  // Windows has no such flag, and lets only administrators make links.
  if (constants.O_NOFOLLOW === undefined && lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink()) {
    return Promise.reject(Object.assign(new Error(`ELOOP: ${path} is a symbolic link`), { code: "ELOOP" }));
  }
  return new Promise((resolve, reject) => {
    open(path, flags | (constants.O_NOFOLLOW ?? 0), mode, (error, fd) => (error ? reject(error) : resolve(fd)));
  });
}

/** Closes a descriptor, whatever the system says: after an error it is closed too, and its number may be another file's. */
export function closeQuietly(fd: number): void {
  try {
    closeSync(fd);
  } catch {
    // What was acknowledged was synced before.
  }
}

/** The same for a file that was read. */
export async function closeHandle(file: FileHandle): Promise<void> {
  await file.close().catch(() => undefined);
}

/** A new file's name is on disk only after its folder was synced; Windows neither needs nor allows it. */
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
    if (!CANNOT_SYNC.has((error as NodeJS.ErrnoException).code ?? "")) throw error;
  }
}

/** Bytes that this process may still write to the volume of a folder; nothing where the system does not tell. */
export async function freeBytes(dir: string): Promise<number | undefined> {
  try {
    const { bavail, bsize } = await statfs(dir);
    return bavail * bsize;
  } catch {
    return undefined;
  }
}
