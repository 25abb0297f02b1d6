/**
 * Generates everything that depends only on the schemas: types, validators, the catalogue, pages and the table in middleware/README.md.
 * `npm run generate`, or `npm run generate -- --check`, which only compares.
 */
import { fileURLToPath } from "node:url";
import { apply, differences } from "./generate/compare.js";
import { outputs } from "./generate/outputs.js";
import { SchemaError } from "./generate/schema.js";

const usage =
  "Usage: npm run generate [-- --check]\n  --check  change nothing; exit 1 if a generated file is not up to date";

async function main(args: readonly string[]): Promise<number> {
  const unknown = args.find((arg) => arg !== "--check");
  if (unknown !== undefined) {
    console.error(`Unknown argument: ${unknown}\n${usage}`);
    return 2;
  }
  const root = fileURLToPath(new URL("..", import.meta.url));
  const files = await outputs(root);
  const changes = differences(root, files);
  if (!args.includes("--check")) {
    apply(root, files, changes);
    console.log(`${files.size} generated files, ${changes.length} changed`);
    return 0;
  }
  for (const { path, state } of changes) console.error(`${state.padEnd(11)} ${path}`);
  if (changes.length > 0) console.error("Generated files are not up to date. Run: npm run generate");
  return changes.length > 0 ? 1 : 0;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof SchemaError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
