/** Breaks things and looks what is lost: `npm run chaos -- middleware`, or another file of scripts/chaos/; `--short` for a taste of it. */
const TRIALS = ["middleware", "model", "soak", "abuse", "tunnel", "proxy", "outage"];

const short = process.argv.includes("--short");
const chosen = process.argv.slice(2).filter((word) => !word.startsWith("--"));
const unknown = chosen.filter((name) => !TRIALS.includes(name));
if (chosen.length === 0 || unknown.length > 0) {
  console.error(`Name what to try: npm run chaos -- ${TRIALS.join("|")} [--short]`);
  process.exit(2);
}

for (const name of chosen) {
  const { default: run } = await import(`./chaos/${name}.ts`);
  try {
    await run({ short });
    console.log(`${name}: every promise was kept.`);
  } catch (error) {
    console.error(`${name}: ${(error as Error).message}`);
    process.exitCode = 1;
  }
}
process.exit();
