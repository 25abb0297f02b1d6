/**
 * Summarizes the drift of recorded pushes, and prints how the schemas in schemas/ would have to change:
 * `npm run drift -- FILE|JOURNAL [--json] [--reveal]`. FILE contains one push as JSON, or one push or journal record per line. JOURNAL is
 * the folder of the dev proxy (.airudder) or of a file inbox.
 */
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { DevproxyError, driftEvents, driftLines, pushesAt, type SchemaSource, summarizeDrift } from "airudder-devproxy";
import { type Damage, describeDamage, JournalError } from "airudder-webhooks/journal";

const usage = "npm run drift -- FILE|JOURNAL [--json] [--reveal]";

const root = fileURLToPath(new URL("..", import.meta.url));
const handWritten: SchemaSource = {
  fileOf: (name) => `schemas/push/${name}.json`,
  read: (file) => readFileSync(join(root, file), "utf8"),
};

interface Arguments {
  path: string;
  json: boolean;
  reveal: boolean;
}

/** @throws DevproxyError `usage` */
function parseArguments(args: string[]): Arguments {
  const flags = args.filter((arg) => arg.startsWith("-"));
  const unknown = flags.find((flag) => flag !== "--json" && flag !== "--reveal");
  if (unknown !== undefined) throw new DevproxyError("usage", `Unknown option ${unknown}. Usage: ${usage}`);
  const [path, ...others] = args.filter((arg) => !arg.startsWith("-"));
  if (path === undefined || others.length > 0) throw new DevproxyError("usage", `Give one file or folder: ${usage}`);
  // npm runs scripts in the root of the repository; INIT_CWD is the folder in which npm was called.
  const from = process.env.INIT_CWD ?? "";
  return { path: resolve(from, path), json: flags.includes("--json"), reveal: flags.includes("--reveal") };
}

async function main({ path, json, reveal }: Arguments): Promise<void> {
  const damage: Damage[] = [];
  const pushes = pushesAt(path, { onDamage: (one) => damage.push(one) });
  const summary = await summarizeDrift(pushes, { schemas: handWritten, reveal });
  for (const line of describeDamage(damage)) console.error(line);
  const lines = json ? driftEvents(summary).map((event) => JSON.stringify(event)) : driftLines(summary);
  if (lines.length > 0) process.stdout.write(`${lines.join("\n")}\n`);
}

process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
});
try {
  await main(parseArguments(process.argv.slice(2)));
} catch (error) {
  if (!(error instanceof DevproxyError || error instanceof JournalError)) throw error;
  console.error(`drift: ${error.message}`);
  process.exitCode = error instanceof JournalError ? 3 : error.exit;
}
