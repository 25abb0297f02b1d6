/**
 * Runs chaos drills: `npm run chaos -- middleware`, or another name in `DRILLS`. `--short` runs a small part. `replicas-model` also reads
 * `--engine` and `--seed`.
 */
import { parseArgs } from "node:util";

const DRILLS = ["middleware", "model", "replicas-model", "soak", "abuse", "tunnel", "proxy", "outage"];

const { values, positionals: names } = parseArgs({
  allowPositionals: true,
  strict: false,
  options: { short: { type: "boolean" }, engine: { type: "string" }, seed: { type: "string" } },
});
const unknown = names.filter((name) => !DRILLS.includes(name));
if (names.length === 0 || unknown.length > 0) {
  console.error(`Usage: npm run chaos -- ${DRILLS.join("|")} [--short]`);
  process.exit(2);
}

for (const name of names) {
  const { default: run } = await import(`./chaos/${name}.ts`);
  try {
    await run({ short: values.short === true, engine: values.engine, seed: values.seed && Number(values.seed) });
    console.log(`${name}: all checks passed.`);
  } catch (error) {
    console.error(`${name}: ${(error as Error).message}`);
    process.exitCode = 1;
  }
}
process.exit();
