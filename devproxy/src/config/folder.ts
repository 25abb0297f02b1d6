import { realpath, stat } from "node:fs/promises";

/**
 * Identifies a folder. A copied folder has a different identity. So does a new folder at the same path, unless it gets the same inode
 * number. On Windows, a new folder at the same path has the same identity.
 */
export interface FolderIdentity {
  /** The path without symbolic links. */
  path: string;
  /** Device and inode number, `dev:ino`. Absent on Windows, where the path decides. */
  inode?: string;
}

/** The identity of a folder; `undefined` if it does not exist. */
export async function identityOf(dir: string): Promise<FolderIdentity | undefined> {
  try {
    const path = await realpath(dir);
    if (process.platform === "win32") return { path };
    const { dev, ino } = await stat(path, { bigint: true });
    return { path, inode: `${dev}:${ino}` };
  } catch {
    return undefined;
  }
}

/** Whether both identify the same folder. Where inodes are known, a moved folder is still the same. */
export function isSameFolder(one: FolderIdentity, other: FolderIdentity): boolean {
  return one.inode === undefined ? one.path === other.path : one.inode === other.inode;
}
