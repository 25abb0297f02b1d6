/**
 * The module formats of airudder-webhooks.
 *
 * - `dist/cjs/` is the implementation, in CommonJS, with all type declarations. Node runs this code for `require()` and for `import`.
 * - `dist/*.js` are the entry points for `import` in Node. They only re-export `dist/cjs/`.
 * - `dist/esm/` is the same source, compiled to ES modules, only for bundlers (condition `module`). From ES modules, a bundler can drop unused
 *   code. The bundle also contains no `require()` of Node's modules, which would fail at run time in an ES module bundle of esbuild.
 *
 * Why one implementation: some files of a process may import the package while others require it. All of them must share one set of
 * warnings, locks, mounted inboxes and ids, and one class AirudderError. Node 20.20, median of 9: `import` takes 56 ms this way and 72 ms from ES
 * modules; pushes per second are the same.
 */
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, relative } from "node:path";
import { transformSync } from "esbuild";

/** Folder in which JavaScript files have their own declarations, a `.js` with its `.d.ts`. `tsc` does not copy all of these. */
const DECLARED = "generated";

/** Adds to `dist/esm/` what `tsc` leaves out. */
export function completeEsm(folder: string): void {
  for (const file of declaredFiles(folder, ".js")) {
    copyFileSync(join(folder, "src", DECLARED, file), join(folder, "dist/esm", DECLARED, file));
  }
}

/** Adds to `dist/cjs/` what `tsc` leaves out, and marks the folder as CommonJS. */
export function completeCommonJs(folder: string): void {
  const from = join(folder, "src", DECLARED);
  const to = join(folder, "dist/cjs", DECLARED);
  for (const file of declaredFiles(folder, ".d.ts")) copyFileSync(join(from, file), join(to, file));
  for (const file of declaredFiles(folder, ".js")) {
    const { code } = transformSync(readFileSync(join(from, file), "utf8"), { format: "cjs", platform: "node" });
    writeFileSync(join(to, file), code);
  }
  writeFileSync(join(folder, "dist/cjs/package.json"), '{ "type": "commonjs" }\n');
}

/** Writes the file that `exports` names for `import`, and its declaration, for each entry point. */
export function writeEntryPoints(folder: string): void {
  const { exports } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as { exports: object };
  for (const target of Object.values(exports)) {
    if (typeof target === "string") continue;
    const { import: esm, require: cjs } = target as Record<"import" | "require", { types: string; default: string }>;
    const at = dirname(join(folder, esm.default));
    const path = relative(at, join(folder, cjs.default)).replaceAll("\\", "/");
    const source = path.startsWith(".") ? path : `./${path}`;
    const names = Object.keys(createRequire(import.meta.url)(join(folder, cjs.default)));
    mkdirSync(at, { recursive: true });
    writeFileSync(join(folder, esm.default), `export { ${names.join(", ")} } from "${source}";\n`);
    writeFileSync(join(folder, esm.types), `export * from "${source}";\n`);
  }
}

function declaredFiles(folder: string, extension: ".js" | ".d.ts"): string[] {
  return readdirSync(join(folder, "src", DECLARED)).filter((file) => file.endsWith(extension));
}
