import { type Stats, statSync } from "node:fs";
import { dirname, join } from "node:path";

/**
 * Finds a file or folder in the working directory, or in the nearest folder above it. The search stops at the root of the repository (the
 * folder with `.git`) or of the file system. Outside of a repository, files and folders of other users are ignored.
 * @returns its path, or `undefined`
 */
export function findUpwards(name: string, matches: (stats: Stats) => boolean, cwd = process.cwd()): string | undefined {
  const folders = foldersFrom(cwd);
  const isInRepository = statOf(join(folders.at(-1) as string, ".git")) !== undefined;
  return folders
    .map((folder) => join(folder, name))
    .find((path) => {
      const stats = statOf(path);
      return stats !== undefined && matches(stats) && (isInRepository || isOwn(stats));
    });
}

/** The working directory and the folders above it, up to the root of the repository. */
function foldersFrom(cwd: string): string[] {
  const folders = [cwd];
  for (let folder = cwd; statOf(join(folder, ".git")) === undefined && dirname(folder) !== folder; ) {
    folder = dirname(folder);
    folders.push(folder);
  }
  return folders;
}

function statOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined; // not readable
  }
}

/** Root may use the files of every user, as in a container. Windows has no user ids. */
function isOwn({ uid }: Stats): boolean {
  const ownUid = process.getuid?.() ?? 0;
  return ownUid === 0 || uid === ownUid;
}
