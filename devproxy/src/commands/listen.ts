import { relative } from "node:path";
import { type Command, Option } from "commander";
import { DEFAULT_TARGET, TUNNEL_VALUES, tokenFromEnvironment, WHEN_DOWN, type WhenDown } from "../config/index.js";
import type { Devproxy } from "../devproxy.js";
import type { DevproxyEvent } from "../events.js";
import { Redactor } from "../privacy/index.js";
import { jsonLiveReporter, LiveReporter, pushCount, type Screen, safeLine } from "../report/index.js";
import { isForeground, isInteractive, Terminal } from "../terminal/index.js";
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
      "port on 127.0.0.1 of the inspector and the HTTP API; if it is in use, the next free one (default: 4747)",
      wholeNumber(0),
    )
    .option("--no-inspect", "do not serve the inspector; the HTTP API stays available");
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
  const { interrupted, interrupt } = onInterrupt();
  const redactor = await Redactor.of(proxy.store.dir, flags.reveal);
  if (json) {
    const publicUrl = await Promise.race([proxy.tunnelReady(), interrupted.then(() => null)]);
    out.json({ event: "ready", local: proxy.localUrl, public: publicUrl, inspector: proxy.inspectorUrl });
  } else printStart(out, proxy, flags, redactor);
  const terminal = json ? undefined : openTerminal(out, proxy, flags, redactor, interrupt);
  report = json ? jsonLiveReporter(out, err, redactor) : (terminal?.report ?? textReporter(out, proxy, redactor));
  for (const event of earlyEvents) report(event);
  await interrupted;
  terminal?.stopping();
  await proxy.close();
  terminal?.close();
  report(proxy.summary());
  await out.flush();
  process.exit(0);
}

function textReporter(out: Screen, { store }: Devproxy, redactor: Redactor): (event: DevproxyEvent) => void {
  const reporter = new LiveReporter(out, store.index, redactor);
  return (event) => reporter.report(event);
}

/** Shows the last row and reads keys; `undefined` if nobody can use them. */
function openTerminal(
  out: Screen,
  proxy: Devproxy,
  { reveal }: ListenFlags,
  redactor: Redactor,
  quit: () => void,
): Terminal | undefined {
  const input = process.stdin;
  if (!isInteractive(input, out, process.env) || !isForeground()) return undefined;
  const terminal = new Terminal({ out, input, proxy, redactor, reveal, quit });
  terminal.open();
  return terminal;
}

/** `interrupted` resolves at the first interrupt: a signal, or a call of `interrupt`. A second one ends the process immediately. */
function onInterrupt(): { interrupted: Promise<void>; interrupt(): void } {
  let isInterrupted = false;
  let resolve: () => void = () => undefined;
  const interrupted = new Promise<void>((done) => {
    resolve = done;
  });
  const interrupt = () => {
    if (isInterrupted) process.exit(1);
    isInterrupted = true;
    resolve();
  };
  process.on("SIGINT", interrupt).on("SIGTERM", interrupt);
  if (process.platform !== "win32") process.on("SIGHUP", interrupt);
  return { interrupted, interrupt };
}

/** Prints the URLs that receive pushes, the URLs of the app and of the inspector page, and the folder of the journal. */
function printStart(
  out: Screen,
  { appIsUp, publicUrl, inspectorUrl, localUrl, store }: Devproxy,
  { target, journal, tunnel }: ListenFlags,
  redactor: Redactor,
): void {
  const noPublicUrl = tunnel === "none" ? "no tunnel" : `opening ${safeLine(tunnel.split(":")[0] ?? "")}...`;
  const app = appIsUp ? "" : out.style("yellow", "  is not up yet");
  const folder = relative(process.cwd(), store.dir) || journal;
  const entries: [string, string][] = [
    ["public", publicUrl === null ? noPublicUrl : `${out.style("bold", publicUrl)}  <- give this URL to Airudder`],
    ["local", localUrl],
    ["target", `${safeLine(redactor.url(target))}${app}`],
    ["inspector", inspectorUrl ?? "off"],
    ["journal", `${folder}  ${out.style("dim", pushCount(store.index.rows.length))}`],
  ];
  out.line(out.style("bold", "airudder-devproxy"));
  entries.forEach(([name, value], i) => {
    out.line(`${i === entries.length - 1 ? "└─" : "├─"} ${out.style("dim", name.padEnd(9))} ${value}`);
  });
  out.line();
}
