import { relative } from "node:path";
import { type Command, Option } from "commander";
import { DEFAULT_TARGET, TUNNEL_VALUES, tokenFromEnvironment, WHEN_DOWN, type WhenDown } from "../config/index.js";
import type { Devproxy } from "../devproxy.js";
import type { DevproxyEvent, StoppedEvent } from "../events.js";
import { type Store, statusOf } from "../journal/index.js";
import { Redactor } from "../privacy/index.js";
import { jsonLiveReporter, liveReporter, pushCount, type Screen, safeLine } from "../report/index.js";
import { addJournalFlag, addOutputFlags, wholeNumber } from "./flags.js";
import type { Output } from "./output.js";

const DEFAULT_INSPECT_PORT = 4_747;

interface ListenFlags {
  target: string;
  port: number;
  journal: string;
  tunnel: string;
  tunnelHost?: string;
  subdomain?: string;
  key?: string;
  whenDown: WhenDown;
  keep?: string;
  passThrough: boolean;
  /** Absent if neither `--inspect` nor `--no-inspect` is given. */
  inspect?: number | false;
  reveal: boolean;
  json: boolean;
}

export function addListen(program: Command, output: Output): void {
  const command = program
    .command("listen", { isDefault: true })
    .description("receive pushes through a tunnel, record each one, and forward it to the app")
    .addOption(new Option("--target <url>", "URL of the app").default(DEFAULT_TARGET).env("AIRUDDER_TARGET"))
    .option("--port <n>", "port on 127.0.0.1; 0 selects a free one", wholeNumber(0), 0)
    .option("--tunnel <kind>", `${TUNNEL_VALUES}; HOST is an ssh server such as localhost.run`, "localtunnel")
    .option("--tunnel-host <url>", "localtunnel's server (default: https://localtunnel.me)")
    .option(
      "--subdomain <name>",
      "name to request from the tunnel's server (default: the one in the journal's config.json)",
    )
    .addOption(
      new Option("--key <key>", "signature key agreed with Airudder (default: its published key)").env("AIRUDDER_KEY"),
    )
    .addOption(
      new Option(
        "--when-down <action>",
        "while the app is down: hold waits up to 8 s, then responds 200 and delivers the push later; ack responds 200 immediately; fail responds 502",
      )
        .choices(WHEN_DOWN)
        .default("hold"),
    )
    .option(
      "--keep <amount>",
      "remove pushes from the journal beyond a maximum age such as 30d, or a maximum number such as 50000 (default: keep all)",
    )
    .option("--pass-through", "also forward requests to the app that are not pushes, without recording them", false)
    .option(
      "--inspect <port>",
      "port on 127.0.0.1 of the inspector and the HTTP API, or the next free one (default: 4747)",
      wholeNumber(0),
    )
    .option("--no-inspect", "do not serve the inspector");
  addOutputFlags(addJournalFlag(command))
    .addHelpText(
      "after",
      `
Examples:
  airudder-devproxy listen --target http://localhost:3000/webhooks/airudder
  airudder-devproxy listen --tunnel none --inspect 4800`,
    )
    .action((flags: ListenFlags) => listen(flags, output));
}

async function listen(flags: ListenFlags, { out, err }: Output): Promise<void> {
  // Imported here, because the other commands do not need a server.
  const { startDevproxy } = await import("../devproxy.js");
  const { json, ...options } = flags;
  const earlyEvents: DevproxyEvent[] = [];
  let report = (event: DevproxyEvent): void => void earlyEvents.push(event);
  const proxy = await startDevproxy({
    ...options,
    inspect: flags.inspect ?? DEFAULT_INSPECT_PORT,
    token: tokenFromEnvironment(),
    onEvent: (event) => report(event),
  });
  const interrupted = untilInterrupted();
  const redactor = await Redactor.of(proxy.store.dir, flags.reveal);
  if (json) {
    const publicUrl = await Promise.race([proxy.tunnelReady(), interrupted.then(() => null)]);
    out.json({ event: "ready", local: proxy.localUrl, public: publicUrl, inspector: proxy.inspectorUrl });
  } else printStart(out, proxy, flags, redactor);
  report = json ? jsonLiveReporter(out, err, redactor) : liveReporter(out, proxy.store.index, redactor);
  for (const event of earlyEvents) report(event);
  await interrupted;
  await proxy.close();
  report(stoppedEvent(proxy.store));
  await out.flush();
  process.exit(0);
}

function stoppedEvent({ dir, index: { rows } }: Store): StoppedEvent {
  const undelivered = rows.filter((row) => statusOf(row) === "undelivered").length;
  return { event: "stopped", recorded: rows.length, undelivered, journal: dir };
}

/** Resolves at the first interrupt. A second one ends the process immediately. */
function untilInterrupted(): Promise<void> {
  return new Promise((resolve) => {
    let isInterrupted = false;
    const interrupt = () => {
      if (isInterrupted) process.exit(1);
      isInterrupted = true;
      resolve();
    };
    process.on("SIGINT", interrupt).on("SIGTERM", interrupt);
    if (process.platform !== "win32") process.on("SIGHUP", interrupt);
  });
}

/** Prints the URLs that receive pushes, the URL of the app, and the folder of the journal. */
function printStart(
  out: Screen,
  { appIsUp, publicUrl, localUrl, inspectorUrl, store }: Devproxy,
  { target, journal, tunnel }: ListenFlags,
  redactor: Redactor,
): void {
  const noPublicUrl = tunnel === "none" ? "no tunnel" : `opening ${safeLine(tunnel.split(":")[0] ?? "")}...`;
  const app = appIsUp ? "" : out.style("yellow", "  is not up yet");
  const folder = relative(process.cwd(), store.dir) || journal;
  const entries: [string, string][] = [
    ["public", publicUrl ?? noPublicUrl],
    ["local", localUrl],
    ["app", `${safeLine(redactor.url(target))}${app}`],
    ["inspector", inspectorUrl ?? "off"],
    ["journal", `${folder}  ${out.style("dim", pushCount(store.index.rows.length))}`],
  ];
  out.line(out.style("bold", "airudder-devproxy"));
  entries.forEach(([name, value], i) => {
    out.line(`${i === entries.length - 1 ? "└─" : "├─"} ${out.style("dim", name.padEnd(9))} ${value}`);
  });
  out.line();
}
