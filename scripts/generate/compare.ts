import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { generatedFolders } from "./outputs.js";

/** A generated file that differs from the expected one. */
export interface Difference {
  path: string;
  state: "missing" | "stale" | "superfluous";
}

/** Compares the files on disk with the expected ones. */
export function differences(root: string, files: ReadonlyMap<string, string>): Difference[] {
  const found: Difference[] = [];
  for (const [path, content] of files) {
    const file = join(root, path);
    if (!existsSync(file)) found.push({ path, state: "missing" });
    else if (readFileSync(file, "utf8") !== content) found.push({ path, state: "stale" });
  }
  for (const folder of generatedFolders) {
    if (!existsSync(join(root, folder))) continue;
    for (const name of readdirSync(join(root, folder)).sort()) {
      if (!files.has(`${folder}/${name}`)) found.push({ path: `${folder}/${name}`, state: "superfluous" });
    }
  }
  return found;
}

/** Writes the expected files, and removes superfluous ones. */
export function apply(root: string, files: ReadonlyMap<string, string>, changes: readonly Difference[]): void {
  for (const { path, state } of changes) {
    const file = join(root, path);
    if (state === "superfluous") rmSync(file, { recursive: true });
    else {
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, files.get(path) ?? "");
    }
  }
}
