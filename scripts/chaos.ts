/** Runs chaos drills: `npm run chaos -- middleware`, or another name in `DRILLS`. `--short` runs a small part. */
const DRILLS = ["middleware", "model", "soak", "abuse", "tunnel", "proxy", "outage"];

const short = process.argv.includes("--short");
const names = process.argv.slice(2).filter((word) => !word.startsWith("--"));
const unknown = names.filter((name) => !DRILLS.includes(name));
if (names.length === 0 || unknown.length > 0) {
  console.error(`Usage: npm run chaos -- ${DRILLS.join("|")} [--short]`);
  process.exit(2);
}

for (const name of names) {
  const { default: run } = await import(`./chaos/${name}.ts`);
  try {
    await run({ short });
    console.log(`${name}: all checks passed.`);
  } catch (error) {
    console.error(`${name}: ${(error as Error).message}`);
    process.exitCode = 1;
  }
}
process.exit();
