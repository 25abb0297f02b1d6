/**
 * Runs chaos tests: `npm run chaos -- middleware`, or another name in `TESTS`. `--short` runs a small part. `replicas` and
 * `replicas-model` also read `--engine postgres|bullmq` (default: both) and `--seed N`.
 */
import { parseArgs } from "node:util";
import { ENGINES, type Engine } from "./engines.js";

const TESTS = ["middleware", "model", "replicas-model", "soak", "abuse", "tunnel", "proxy", "outage", "replicas"];
const USAGE = `Usage: npm run chaos -- ${TESTS.join("|")} [--short] [--engine ${ENGINES.join("|")}] [--seed N]`;

function usage(message: string): never {
  console.error(`${message}\n${USAGE}`);
  process.exit(2);
}

function parse() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: { short: { type: "boolean", default: false }, engine: { type: "string" }, seed: { type: "string" } },
    });
  } catch (error) {
    return usage((error as Error).message);
  }
}

const { values, positionals: names } = parse();
const { short, engine } = values;
const unknown = names.filter((name) => !TESTS.includes(name));
if (names.length === 0 || unknown.length > 0) usage(`Unknown chaos test: ${unknown.join(", ") || "none given"}`);
if (engine !== undefined && !ENGINES.includes(engine as Engine)) usage(`Unknown engine: ${engine}`);
if (values.seed !== undefined && !/^\d+$/.test(values.seed)) usage(`The seed must be a whole number: ${values.seed}`);
const seed = values.seed === undefined ? undefined : Number(values.seed);

for (const name of names) {
  const { default: run } = await import(`./chaos/${name}.ts`);
  try {
    await run({ short, engine, seed });
    console.log(`${name}: all checks passed.`);
  } catch (error) {
    console.error(`${name}: ${(error as Error).message}`);
    process.exitCode = 1;
  }
}
process.exit();
