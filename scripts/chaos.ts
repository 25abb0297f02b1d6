/**
 * Runs chaos drills: `npm run chaos -- middleware`, or another name in `DRILLS`. `--short` runs a small part. `replicas` takes the names
 * of its engines, and `--seed=N`.
 */
const DRILLS = ["middleware", "model", "soak", "abuse", "tunnel", "proxy", "outage", "replicas"];
const ENGINES = ["postgres", "bullmq"];

const short = process.argv.includes("--short");
const seed = /^--seed=(\d+)$/.exec(process.argv.find((word) => word.startsWith("--seed=")) ?? "")?.[1];
const words = process.argv.slice(2).filter((word) => !word.startsWith("--"));
const engines = words.filter((word) => ENGINES.includes(word));
const names = words.filter((word) => !ENGINES.includes(word));
const unknown = names.filter((name) => !DRILLS.includes(name));
if (names.length === 0 || unknown.length > 0) {
  console.error(
    `Usage: npm run chaos -- ${DRILLS.join("|")} [--short] [${ENGINES.join("|")}] [--seed=N] (the last two for replicas)`,
  );
  process.exit(2);
}

for (const name of names) {
  const { default: run } = await import(`./chaos/${name}.ts`);
  try {
    await run({ short, engines, seed: seed === undefined ? undefined : Number(seed) });
    console.log(`${name}: all checks passed.`);
  } catch (error) {
    console.error(`${name}: ${(error as Error).message}`);
    process.exitCode = 1;
  }
}
process.exit();
