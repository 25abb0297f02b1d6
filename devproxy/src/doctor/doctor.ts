import { randomBytes } from "node:crypto";
import { type ControlClient, connectControl } from "../control/index.js";
import { Forwarder } from "../delivery/index.js";
import { type DevproxyOptions, settingsOf } from "../options.js";
import { checkApp, checkReceiver } from "./app.js";
import { checkClock } from "./clock.js";
import { type Finding, failed, ok } from "./finding.js";
import { checkConfig, checkJournal, journalOfListen } from "./journal.js";
import { checkPort } from "./port.js";
import { type TunnelState, tryTunnel, tunnelFindings } from "./tunnel.js";

/**
 * Looks at everything that a push passes on its way, one thing after the other. A `listen` that runs is asked, not disturbed.
 * @throws DevproxyError `usage`
 */
export async function* runChecks(options: DevproxyOptions): AsyncGenerator<Finding> {
  const settings = settingsOf(options);
  const { dir, provider } = settings;
  const running = await connectControl(dir);
  const { target: theirs, pid, local, key, token, journal } = (running?.state ?? {}) as Theirs;
  const target = options.target === undefined && theirs !== undefined ? new URL(theirs) : settings.target;

  yield checkNode(process.versions.node);
  yield await checkConfig(dir);
  yield running === undefined ? await checkJournal(dir) : journalOfListen(dir, pid, journal?.problem);
  const ownPort = local === undefined ? undefined : Number(new URL(local).port);
  if (ownPort === undefined) yield await checkPort(settings.port);
  else if (options.port === undefined || options.port === ownPort)
    yield ok("port", `the running listen has ${ownPort}`);
  else yield await checkPort(options.port);
  const app = await checkApp(target);
  yield app;
  const forwarder = new Forwarder(options.token ?? token);
  if (app.result === "ok") yield* await checkReceiver({ target, key: options.key ?? key, forwarder });
  forwarder.close();
  const isChosen = options.tunnelHost !== undefined || options.tunnel !== undefined;
  yield await checkClock(running === undefined || isChosen ? provider.server : theirServer(running));
  const isAsked = options.tunnelHost !== undefined || (options.tunnel !== undefined && !isTheirUrl(options, running));
  if (running === undefined) yield* await tryTunnel(provider, dir, options.subdomain);
  else if (isAsked) yield* await tryTunnel(provider, dir, options.subdomain ?? otherName());
  else yield* theirTunnel(running);
}

/** What a running listen says of itself. */
interface Theirs {
  target?: string;
  pid?: number;
  local?: string;
  key?: string;
  token?: string;
  journal?: { problem?: string };
}

function checkNode(version: string): Finding {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return ok("node", `${version}`);
  return failed("node", `${version} is too old: install 20.19 or later`);
}

/** A tunnel of the user's own leads to the running listen: nothing else can be pinged through it. */
function isTheirUrl({ tunnel }: DevproxyOptions, running: ControlClient | undefined): boolean {
  const url = running?.state.public;
  return typeof url === "string" && tunnel === `url:${new URL(url).origin}`;
}

/** The running listen has the name of the config. */
function otherName(): string {
  return `airudder-${randomBytes(5).toString("hex")}`;
}

/** The tunnel server of the running listen; `undefined` for an earlier version, which does not report it. */
function theirServer({ state }: ControlClient): string | undefined {
  const { server } = (state.tunnel ?? {}) as { server?: unknown };
  return typeof server === "string" ? server : undefined;
}

function theirTunnel({ state }: ControlClient): Finding[] {
  const { tunnel, public: url } = state as { tunnel: TunnelState; public: string | null };
  return tunnelFindings({ ...tunnel, url });
}
