/** Builds both packages into their dist/ folders: `npm run build`. */
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { publishSchemas } from "./generate/publish.js";

const root = fileURLToPath(new URL("..", import.meta.url));
const tsc = join(dirname(createRequire(import.meta.url).resolve("typescript/package.json")), "bin", "tsc");

function compile(name: string): void {
  rmSync(join(root, name, "dist"), { recursive: true, force: true });
  const { status } = spawnSync(process.execPath, [tsc, "-p", join(root, name)], { stdio: "inherit" });
  if (status !== 0) process.exit(status ?? 1);
}

/** `tsc` leaves hand-declared JavaScript (a `.js` with its `.d.ts`) where it is. */
function copyDeclaredJavaScript(name: string, folder: string): void {
  const from = join(root, name, "src", folder);
  const to = join(root, name, "dist", folder);
  mkdirSync(to, { recursive: true });
  for (const file of readdirSync(from)) {
    if (file.endsWith(".js") || file.endsWith(".d.ts")) copyFileSync(join(from, file), join(to, file));
  }
}

compile("middleware");
copyDeclaredJavaScript("middleware", "generated");
publishSchemas(join(root, "schemas"), join(root, "middleware", "dist", "schemas"));
compile("devproxy");
for (const name of ["middleware", "devproxy"]) {
  for (const file of ["LICENSE", "README.md"]) copyFileSync(join(root, file), join(root, name, file));
}
