/**
 * Runs benchmarks: `npm run bench -- middleware`, or another name in `BENCHES`. `--short` only checks that it works. `--pushes=N` sets
 * the size of the journal of `commands`; default: 300,000. Prints the figures with their goals, and writes them to bench-results/.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const BENCHES = ["middleware", "inbox", "validate", "journal", "proxy", "commands", "trigger", "inspector", "replicas"];

const root = fileURLToPath(new URL("..", import.meta.url));
const short = process.argv.includes("--short");
const pushes = /^--pushes=(\d+)$/.exec(process.argv.find((word) => word.startsWith("--pushes=")) ?? "")?.[1];
const names = process.argv.slice(2).filter((word) => !word.startsWith("--"));
const unknown = names.filter((name) => !BENCHES.includes(name));
if (names.length === 0 || unknown.length > 0) {
  console.error(`Usage: npm run bench -- ${BENCHES.join("|")} [--short] [--pushes=N, for commands]`);
  process.exit(2);
}

for (const name of names) {
  const file = join(root, "scripts", "bench", `${name}.ts`);
  const { default: run } = await import(file);
  const machine = `${cpus().length} x ${cpus()[0]?.model ?? "unknown"}, Node ${process.version}, ${process.platform}`;
  console.log(`${name}: ${machine}`);
  const result = await run({ short, pushes: pushes === undefined ? undefined : Number(pushes) });
  mkdirSync(join(root, "bench-results"), { recursive: true });
  const at = new Date().toISOString();
  writeFileSync(
    join(root, "bench-results", `${name}.json`),
    `${JSON.stringify({ at, machine, short, result }, null, 2)}\n`,
  );
}
