/**
 * Runs the test files in test/: `npm test`, or `npm test -- journal sign` for the files whose path contains one of the words.
 * This script lists the files itself, because the test runner of Node 20 exits with 0 if it finds none.
 */
import { spawn, spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { basename, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { isBuilt } from "./build/current.js";

const root = fileURLToPath(new URL("..", import.meta.url));
const words = process.argv.slice(2).filter((word) => !word.startsWith("--"));
const flags = process.argv.slice(2).filter((word) => word.startsWith("--"));

/** They start first, so that the run does not end with one file that takes a minute. */
const isSlow = (file: string) => /^test\/(chaos|e2e|devproxy\/(commands|drill|page|tunnel))\//.test(file);

const readsDist = new Set(["test/e2e/packages.test.ts", "test/devproxy/transfer/test-file.test.ts"]);

const files = readdirSync(join(root, "test"), { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".test.ts") && !file.includes("node_modules"))
  .map((file) => join("test", file).replaceAll("\\", "/"))
  .filter((file) => words.length === 0 || words.some((word) => file.includes(word)))
  // By name, not by path: otherwise all tests that need a browser would run at the same time.
  .sort((a, b) => Number(isSlow(b)) - Number(isSlow(a)) || basename(a).localeCompare(basename(b), "en"));

if (files.length === 0) {
  console.error(`No test file matches: ${words.join(" ") || "test/**/*.test.ts"}`);
  process.exit(1);
}

console.log(`${files.length} test files in ${relative(process.cwd(), join(root, "test")) || "test"}`);
// Before all tests: some read dist/ while others run.
if (files.some((file) => readsDist.has(file)) && !isBuilt()) {
  console.log("dist/ is older than the sources: npm run build");
  const { status } = spawnSync(process.execPath, ["--import", "tsx", "scripts/build.ts"], {
    cwd: root,
    stdio: "inherit",
  });
  if (status !== 0) process.exit(status ?? 1);
}
const runner = spawn(
  process.execPath,
  [
    "--import",
    "tsx",
    "--test",
    // CI has two cores. Many files wait for most of their time.
    "--test-concurrency=4",
    // Only ends tests that hang. Node 20 also applies it to whole files, so it must be long enough for a slow machine.
    "--test-timeout=300000",
    "--test-reporter=spec",
    ...flags,
    ...files,
  ],
  {
    cwd: root,
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, TSX_TSCONFIG_PATH: join(root, "tsconfig.json") },
  },
);

// After Ctrl+C, the runner reports the tests that it has interrupted, and ends.
process.on("SIGINT", () => undefined);

let tail = "";
runner.stdout.on("data", (chunk: Buffer) => {
  process.stdout.write(chunk);
  tail = (tail + chunk.toString("utf8")).slice(-4000);
});
runner.on("close", (code) => {
  const ran = /^(?:#|ℹ) tests (\d+)/m.exec(tail)?.[1];
  if (code === 0 && !(Number(ran) > 0)) {
    console.error("No test was executed.");
    process.exit(1);
  }
  process.exit(code ?? 1);
});
