import { type Command, Option } from "commander";
import { DEFAULT_TARGET, TUNNEL_VALUES, tokenOfEnvironment, WHEN_DOWN, type WhenDown } from "../config/index.js";
import type { DevproxyEvent, StoppedEvent } from "../events.js";
import { type Store, statusOf } from "../journal/index.js";
import { Redactor } from "../privacy/index.js";
import { jsonReporter, liveReporter } from "../report/index.js";
import type { Context } from "./context.js";
import { addJournalFlag, addOutputFlags, wholeNumber } from "./flags.js";
import { startTree } from "./start-tree.js";

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
  inspect: boolean;
  reveal: boolean;
  json: boolean;
}

export function addListen(program: Command, context: Context): void {
  const command = program
    .command("listen", { isDefault: true })
    .description("receive pushes through a tunnel, record each one, and forward it to the app")
    .addOption(new Option("--target <url>", "the app").default(DEFAULT_TARGET).env("AIRUDDER_TARGET"))
    .option("--port <n>", "port on 127.0.0.1; 0 selects a free one", wholeNumber(0), 0)
    .option("--tunnel <kind>", `${TUNNEL_VALUES}; HOST is an ssh server such as localhost.run`, "localtunnel")
    .option("--tunnel-host <url>", "localtunnel's server (default: https://localtunnel.me)")
    .option(
      "--subdomain <name>",
      "name to request from the tunnel's server (default: the one in the journal's config.json)",
    )
    .addOption(
      new Option("--key <key>", "key agreed with Airudder (default: the vendor's public one)").env("AIRUDDER_KEY"),
    )
    .addOption(
      new Option(
        "--when-down <what>",
        "while the app is down: hold waits up to 8 s and keeps the push, ack keeps it at once, fail responds 502",
      )
        .choices(WHEN_DOWN)
        .default("hold"),
    )
    .option("--keep <amount>", "drop older pushes: an age such as 30d, or a number such as 50000 (default: keep all)")
    .option("--pass-through", "forward requests that are not pushes to the app, without recording them", false)
    // Accepted already, without effect: there is no inspector yet.
    .addOption(new Option("--no-inspect").hideHelp());
  addOutputFlags(addJournalFlag(command))
    .addHelpText("after", "\nExample:\n  airudder-devproxy listen --target http://localhost:3000/webhooks/airudder")
    .action((flags: ListenFlags) => listen(flags, context));
}

async function listen(flags: ListenFlags, { out, err }: Context): Promise<void> {
  // Loaded here, since the other commands have no use for a server.
  const { startDevproxy } = await import("../devproxy.js");
  const { json, reveal, target, journal, tunnel, inspect: _, ...rest } = flags;
  const early: DevproxyEvent[] = [];
  let report = (event: DevproxyEvent): void => void early.push(event);
  const proxy = await startDevproxy({
    ...rest,
    reveal,
    target,
    journal,
    tunnel,
    token: tokenOfEnvironment(),
    onEvent: (event) => report(event),
  });
  const ended = untilInterrupted();
  const redactor = await Redactor.of(proxy.store.dir, reveal);
  if (json) {
    const publicUrl = await Promise.race([proxy.tunnelReady(), ended.then(() => null)]);
    out.json({ event: "ready", local: proxy.localUrl, public: publicUrl, inspector: null });
  } else startTree(out, { proxy, target, journal, tunnel, redactor });
  report = json ? jsonReporter(out, err, redactor) : liveReporter(out, proxy.store.index, redactor);
  for (const event of early) report(event);
  await ended;
  await proxy.close();
  report(stoppedEvent(proxy.store));
  await out.flush();
  process.exit(0);
}

function stoppedEvent({ dir, index: { rows } }: Store): StoppedEvent {
  const undelivered = rows.filter((row) => statusOf(row) === "undelivered").length;
  return { event: "stopped", recorded: rows.length, undelivered, journal: dir };
}

/** Resolves at the first interrupt; a second one ends the process at once. */
function untilInterrupted(): Promise<void> {
  return new Promise((resolve) => {
    let asked = false;
    const interrupt = () => {
      if (asked) process.exit(1);
      asked = true;
      resolve();
    };
    process.on("SIGINT", interrupt).on("SIGTERM", interrupt);
    if (process.platform !== "win32") process.on("SIGHUP", interrupt);
  });
}
