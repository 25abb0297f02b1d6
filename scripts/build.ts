/** Builds both packages into their dist/ folders: `npm run build`. */
import { spawnSync } from "node:child_process";
import { copyFileSync, rmSync, utimesSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { LAST_BUILT } from "./build/current.js";
import { completeCommonJs, completeEsm, writeEntryPoints } from "./build/formats.js";
import { buildPage } from "./build/page.js";
import { publishSchemas } from "./generate/publish.js";

const root = fileURLToPath(new URL("..", import.meta.url));
const middleware = join(root, "middleware");
const devproxy = join(root, "devproxy");
const tsc = join(dirname(createRequire(import.meta.url).resolve("typescript/package.json")), "bin", "tsc");

const startedAt = new Date();

function compile(project: string): void {
  const { status } = spawnSync(process.execPath, [tsc, "-p", project], { stdio: "inherit" });
  if (status !== 0) process.exit(status ?? 1);
}

for (const folder of [middleware, devproxy]) rmSync(join(folder, "dist"), { recursive: true, force: true });

compile(join(middleware, "tsconfig.json"));
completeEsm(middleware);
compile(join(middleware, "tsconfig.cjs.json"));
completeCommonJs(middleware);
writeEntryPoints(middleware);
publishSchemas(join(root, "schemas"), join(middleware, "dist", "schemas"));

compile(join(devproxy, "tsconfig.json"));
await buildPage(join(devproxy, "src", "page"), join(devproxy, "dist", "page"));

for (const folder of [middleware, devproxy]) copyFileSync(join(root, "LICENSE"), join(folder, "LICENSE"));
utimesSync(LAST_BUILT, startedAt, startedAt);
