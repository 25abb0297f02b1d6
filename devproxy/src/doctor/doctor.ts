import { randomBytes } from "node:crypto";
import { type ControlClient, connectControl } from "../client/index.js";
import { Forwarder } from "../delivery/index.js";
import { type DevproxyOptions, settingsOf } from "../options.js";
import { checkApp, checkReceiver } from "./app.js";
import { checkClock } from "./clock.js";
import { type Finding, failed, ok } from "./finding.js";
import { checkConfig, checkJournal, listenJournalFinding } from "./journal.js";
import { checkPort } from "./port.js";
import { checkTunnel, type ReportedTunnel, tunnelFindings } from "./tunnel.js";

/**
 * Checks each component that a push passes through, in order. If a `listen` is running, reads its state without interrupting it.
 * @throws DevproxyError `usage`
 */
export async function* runChecks(options: DevproxyOptions): AsyncGenerator<Finding> {
  const settings = settingsOf(options);
  const { dir, provider } = settings;
  const running = await connectControl(dir);
  const { target: listenTarget, pid, local, key, token, journal } = (running?.state ?? {}) as ListenState;
  const target = options.target === undefined && listenTarget !== undefined ? new URL(listenTarget) : settings.target;

  yield checkNode(process.versions.node);
  yield await checkConfig(dir);
  yield running === undefined ? await checkJournal(dir) : listenJournalFinding(dir, pid, journal?.problem);
  const listenPort = local === undefined ? undefined : Number(new URL(local).port);
  if (listenPort === undefined) yield await checkPort(settings.port);
  else if (options.port === undefined || options.port === listenPort)
    yield ok("port", `the running listen uses ${listenPort}`);
  else yield await checkPort(options.port);
  const app = await checkApp(target);
  yield app;
  const forwarder = new Forwarder(options.token ?? token);
  if (app.result === "ok") yield* await checkReceiver({ target, key: options.key ?? key, forwarder });
  forwarder.close();
  const hasTunnelOption = options.tunnelHost !== undefined || options.tunnel !== undefined;
  yield await checkClock(running === undefined || hasTunnelOption ? provider.server : serverOfListen(running));
  const checksTunnel =
    options.tunnelHost !== undefined || (options.tunnel !== undefined && !isUrlOfListen(options, running));
  if (running === undefined) yield* await checkTunnel(provider, dir, options.subdomain);
  else if (checksTunnel) yield* await checkTunnel(provider, dir, options.subdomain ?? randomName());
  else yield* tunnelOfListen(running);
}

/** The state that a running listen reports. `token` is the token that the app requires. */
interface ListenState {
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

/** Whether `--tunnel url:` names the tunnel of the running listen. A ping through it reaches only that listen. */
function isUrlOfListen({ tunnel }: DevproxyOptions, running: ControlClient | undefined): boolean {
  const url = running?.state.public;
  return typeof url === "string" && tunnel === `url:${new URL(url).origin}`;
}

/** A name for a second tunnel: the running listen uses the name in the journal's config.json. */
function randomName(): string {
  return `airudder-${randomBytes(5).toString("hex")}`;
}

/** The tunnel server of the running listen; `undefined` for an earlier version, which does not report it. */
function serverOfListen({ state }: ControlClient): string | undefined {
  const { server } = (state.tunnel ?? {}) as { server?: unknown };
  return typeof server === "string" ? server : undefined;
}

function tunnelOfListen({ state }: ControlClient): Finding[] {
  const { tunnel, public: url } = state as { tunnel: ReportedTunnel; public: string | null };
  return tunnelFindings({ ...tunnel, url });
}
