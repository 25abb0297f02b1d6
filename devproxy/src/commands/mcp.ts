import type { Command } from "commander";
import { type ServeOptions, type Sources, serveMcp } from "../mcp/index.js";
import { optionsWithoutFlags } from "./doctor.js";
import { addJournalFlag } from "./flags.js";
import { readFolder, requireJournal } from "./folder.js";
import { pushesToPrint } from "./list.js";
import type { Output } from "./output.js";
import { replayPushes } from "./replay.js";
import { signKey } from "./sign-key.js";

interface McpFlags {
  journal: string;
  reveal: boolean;
  allowReplay: boolean;
}

const EXAMPLES = `
A coding assistant starts this command. In its configuration, set the command to npx, and the arguments to those of an example.

Examples:
  npx airudder-devproxy mcp
  npx airudder-devproxy mcp --journal /path/to/project/.airudder --allow-replay`;

export function addMcp(program: Command, output: Output): void {
  addJournalFlag(program.command("mcp"))
    .description(
      "serve recorded pushes to a coding assistant, with the Model Context Protocol on standard input and output",
    )
    .option("--reveal", "show the assistant personal data, which is redacted by default", false)
    .option(
      "--allow-replay",
      "let the assistant replay pushes, unedited and only to the configured app, and send the test pushes of doctor",
      false,
    )
    .addHelpText("after", EXAMPLES)
    .action((flags: McpFlags) => mcp(flags, { ...output, version: program.version() ?? "" }));
}

async function mcp(
  { journal, reveal, allowReplay }: McpFlags,
  { out, err, version }: Output & Pick<ServeOptions, "version">,
): Promise<void> {
  if (process.stdin.isTTY)
    err.line("A coding assistant starts this command: see --help. It reads messages from standard input.");
  const stop = new AbortController();
  const interrupt = () => stop.abort();
  process.once("SIGINT", interrupt).once("SIGTERM", interrupt);
  const sources = sourcesOf(journal, reveal);
  await serveMcp({ input: process.stdin, out, err, sources, version, allowReplay, signal: stop.signal });
  // A check of doctor may still wait for a tunnel.
  process.exit();
}

/** The journal, the running `listen` and the checks, as the other commands use them. */
function sourcesOf(journal: string, reveal: boolean): Sources {
  return {
    reveal,
    signKey,
    newestPushes: async (filters, max, onNote) => {
      const dir = await requireJournal(journal);
      return { dir, ...(await pushesToPrint(dir, filters, max, { err: { line: onNote } })) };
    },
    snapshot: (onNote) => readFolder(journal, { err: { line: onNote } }),
    replay: async (request, onEvent, signal, onNote) =>
      replayPushes(await requireJournal(journal), request, onEvent, signal, { line: onNote }),
    async *runChecks(sendsTestPushes) {
      // Imported here, because the other tools do not need a server.
      const { runChecks } = await import("../doctor/index.js");
      yield* runChecks(await optionsWithoutFlags(journal), { sendsTestPushes });
    },
  };
}
