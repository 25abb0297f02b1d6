import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
const INPUTS = [
  "LICENSE",
  "package-lock.json",
  "tsconfig.json",
  "schemas",
  "scripts/build.ts",
  "scripts/build",
  "scripts/generate",
  ...["middleware", "devproxy"].flatMap((name) => [`${name}/package.json`, `${name}/tsconfig.json`, `${name}/src`]),
  "middleware/tsconfig.cjs.json",
];
/** The last file of a build. Its time of change is the start of the build. */
export const LAST_BUILT = join(root, "devproxy", "LICENSE");

/** Whether both `dist/` folders were built from the current sources. */
export function isBuilt(): boolean {
  const folders = ["middleware", "devproxy"].map((name) => join(root, name, "dist"));
  if (![LAST_BUILT, ...folders].every((path) => existsSync(path))) return false;
  const builtAt = statSync(LAST_BUILT).mtimeMs;
  return INPUTS.flatMap((name) => pathsIn(join(root, name))).every((path) => statSync(path).mtimeMs < builtAt);
}

/** A path, and the paths in it if it is a folder. The time of a folder changes when a file is added or removed. */
function pathsIn(path: string): string[] {
  if (!statSync(path).isDirectory()) return [path];
  return [path, ...readdirSync(path, { recursive: true, encoding: "utf8" }).map((name) => join(path, name))];
}
