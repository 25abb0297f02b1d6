import { resolve } from "node:path";
import { type Command, Option } from "commander";
import { connectControl } from "../client/index.js";
import { TUNNEL_VALUES, tokenFromEnvironment } from "../config/index.js";
import type { Finding } from "../doctor/index.js";
import type { DevproxyOptions } from "../options.js";
import { duration, type Screen, type Style, safeLine } from "../report/index.js";
import { addJournalFlag, FROM_FILE, wholeNumber } from "./flags.js";
import type { Output } from "./output.js";

interface DoctorFlags extends DevproxyOptions {
  json: boolean;
}

const RESULT_LABELS: Record<Finding["result"], [string, Style]> = {
  ok: ["OK", "green"],
  failed: ["FAILED", "red"],
  skipped: ["-", "dim"],
  unclear: ["?", "yellow"],
};

export function addDoctor(program: Command, { out }: Output): void {
  addJournalFlag(program.command("doctor"))
    .description(
      "check each step from the tunnel to the app; sends the app two signed test pushes for a fictitious call",
    )
    .addOption(
      new Option(
        "--target <url>",
        "URL of the app (default: that of a running listen, or http://localhost:3000/webhooks/airudder)",
      ).env("AIRUDDER_TARGET"),
    )
    .option(
      "--port <n>",
      "port for listen; 0 selects a free one (default: 0, or that of a running listen)",
      wholeNumber(0),
    )
    .option("--tunnel <kind>", `${TUNNEL_VALUES} (default: localtunnel, or that of a running listen)`)
    .option("--tunnel-host <url>", "localtunnel's server (default: https://localtunnel.me)")
    .option(
      "--subdomain <name>",
      "name to request from the tunnel's server (default: the one in the journal's config.json)",
    )
    .addOption(
      new Option("--key <key>", "signature key agreed with Airudder (default: its published key)").env("AIRUDDER_KEY"),
    )
    .option("--json", "print one JSON object per line", false)
    .addHelpText("after", "\nExits with 1 if a check fails, or is marked ? because it could not be completed.")
    .addHelpText("after", "\nExample:\n  airudder-devproxy doctor --target http://localhost:3000/webhooks/airudder")
    .action(async (_: DoctorFlags, command: Command) => doctor(await effectiveFlags(command), out));
}

/** The flags. If a `listen` runs, its options apply instead of the values in the project's config file. */
async function effectiveFlags(command: Command): Promise<DoctorFlags> {
  const flags: DoctorFlags & { [name: string]: unknown } = {
    ...command.opts<DoctorFlags>(),
    token: tokenFromEnvironment(),
  };
  if ((await connectControl(resolve(flags.journal ?? ""))) === undefined) return flags;
  for (const name of Object.keys(flags)) {
    if (name !== "journal" && command.getOptionValueSource(name) === FROM_FILE) delete flags[name];
  }
  return flags;
}

async function doctor({ json, ...options }: DoctorFlags, out: Screen): Promise<void> {
  // Imported here, because the other commands do not need a server.
  const { runChecks } = await import("../doctor/index.js");
  const start = performance.now();
  const counts = { ok: 0, failed: 0, skipped: 0, unclear: 0 };
  if (!json)
    out.line(`Sends the app two signed test pushes for a fictitious call. In its handlers, push.replay is "doctor".\n`);
  for await (const finding of runChecks(options)) {
    counts[finding.result]++;
    if (json) out.json({ event: "check", ...finding });
    else out.line(findingLine(out, finding));
  }
  const ms = Math.round(performance.now() - start);
  const { failed: failures, unclear } = counts;
  const isOk = failures + unclear === 0;
  if (json) out.json({ event: "doctor", ok: isOk, failures, unclear, ms });
  else out.line(`\n${summary(failures, unclear)} (${duration(ms)})`);
  if (!isOk) process.exitCode = 1;
}

function summary(failures: number, unclear: number): string {
  const parts = [
    failures > 0 ? `${failures} failed` : "",
    unclear > 0 ? `${unclear} could not be checked (marked ?)` : "",
  ].filter((part) => part !== "");
  return parts.join(", ") || "All checks succeeded";
}

function findingLine(out: Screen, { name, result, detail }: Finding): string {
  const [label, style] = RESULT_LABELS[result];
  return `${name.padEnd(14)} ${out.style(style, label.padStart(6))}  ${safeLine(detail)}`;
}
