import { performance } from "node:perf_hooks";
import { localtunnel, publicRequest, TunnelSupervisor } from "../../devproxy/src/tunnel/index.js";
import { Target } from "../../test/devproxy/tunnel/target.js";
import { LocaltunnelServer } from "../../test/helpers/localtunnel-server.js";

const REPORTED_WITHIN_S = 35;
const FLOWING_WITHIN_S = 20;
const FROZEN_S = 40;

/** A thing that happens to a tunnel server, and how it gets well again. */
interface Outage {
  name: string;
  begin(server: LocaltunnelServer): unknown;
  end(server: LocaltunnelServer): unknown;
  /** How long it lasts at least; else until it has been reported. */
  lastsS?: number;
  /** The tunnel is to mend it before anybody notices; a report is allowed, not due. */
  mayPass?: boolean;
}

const OUTAGES: Outage[] = [
  { name: "kill and restart", begin: (server) => server.stop(), end: (server) => server.start() },
  { name: "killed for a minute", begin: (server) => server.stop(), end: (server) => server.start(), lastsS: 60 },
  ...(process.platform === "win32"
    ? []
    : [
        {
          name: "frozen (SIGSTOP)",
          begin: (server: LocaltunnelServer) => server.freeze(),
          end: (server: LocaltunnelServer) => server.thaw(),
          lastsS: FROZEN_S,
        },
      ]),
  { name: "all sockets dropped", begin: (server) => server.dropSockets(), end: () => {}, mayPass: true },
  { name: "answers 500", begin: (server) => server.behave("500"), end: (server) => server.behave("normal") },
  { name: "answers a page", begin: (server) => server.behave("html"), end: (server) => server.behave("normal") },
  { name: "another name", begin: (server) => server.stop(), end: (server) => server.start({ mode: "rename" }) },
];

/** Posts numbered pushes all the time, to whatever URL the supervisor says, and remembers which were answered 200. */
class Sender {
  readonly answered = new Set<string>();
  lastAnswerAt = 0;
  readonly #url: () => string | null;
  readonly #stop = new AbortController();
  readonly #done: Promise<void>;

  constructor(url: () => string | null) {
    this.#url = url;
    this.#done = this.#run();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#done;
  }

  async #run(): Promise<void> {
    for (let number = 0; !this.#stop.signal.aborted; number++) {
      const body = `push ${number}`;
      const begun = performance.now();
      const options = { method: "POST", body, timeoutMs: 2_000, signal: this.#stop.signal };
      const answer = await publicRequest(this.#url() ?? "http://127.0.0.1:1/", options).catch(() => undefined);
      if (answer?.status === 200 && answer.body.toString() === body) {
        this.answered.add(body);
        this.lastAnswerAt = begun;
      }
      await seconds(0.1);
    }
  }
}

const OWN_NAME_WITHIN_S = 5;
const FREEZES_AT_ONCE = 4;

/**
 * Everything that can happen to a tunnel server, with the intervals that users get: each outage is to be reported within 35 s,
 * pushes are to flow again within 20 s of its end, and none that was answered 200 may be missing.
 * Then it freezes the server for 30 to 60 s at random times: the own name must be back within 5 s of its release.
 * @param options.short one round instead of three, each at another moment between two pings; 2 freezes instead of 12
 * @throws when anything is missed
 */
export default async function tunnelChaos({ short }: { short: boolean }): Promise<void> {
  const missed: string[] = [];
  for (const phaseS of short ? [0] : [0, 6, 12]) {
    for (const outage of OUTAGES) missed.push(...(await suffer(outage, phaseS)));
  }
  if (process.platform !== "win32") {
    for (let left = short ? 2 : 12; left > 0; left -= FREEZES_AT_ONCE) {
      const freezes = Array.from({ length: Math.min(left, FREEZES_AT_ONCE) }, freeze);
      missed.push(...(await Promise.all(freezes)).filter((text) => text !== undefined));
    }
  }
  if (missed.length > 0) throw new Error(`the tunnel did not meet its guarantees:\n${missed.join("\n")}`);
}

async function suffer(outage: Outage, phaseS: number): Promise<string[]> {
  const server = await new LocaltunnelServer().start();
  const target = await new Target().start();
  const { port, secret } = target;
  let downAt: number | undefined;
  const supervisor = new TunnelSupervisor({
    provider: localtunnel({ host: server.url }),
    port,
    secret,
    subdomain: "chaos-name",
    onState: ({ state }) => {
      if (state === "down") downAt ??= performance.now();
    },
  });
  supervisor.start();
  await supervisor.ready();
  const sender = new Sender(() => supervisor.status.url);
  await seconds(1 + phaseS);

  const begun = performance.now();
  await outage.begin(server);
  const reported = await until(() => downAt !== undefined, outage.mayPass ? 3 : REPORTED_WITHIN_S + 10);
  if (outage.lastsS !== undefined) await seconds(Math.max(0, outage.lastsS - since(begun)));
  await outage.end(server);
  const ended = performance.now();
  const flowing = await until(() => sender.lastAnswerAt > ended, FLOWING_WITHIN_S + 20);
  const flowingS = since(ended);
  const { error } = supervisor.status;

  await sender.stop();
  await supervisor.close();
  const lost = [...sender.answered].filter((body) => !target.received.has(body)).length;
  await Promise.all([target.stop(), server.stop()]);

  const reportedS = downAt === undefined ? undefined : (downAt - begun) / 1_000;
  const missed = [
    !reported && !outage.mayPass && "never reported",
    reportedS !== undefined && reportedS > REPORTED_WITHIN_S && `reported after ${reportedS.toFixed(1)} s`,
    (!flowing || flowingS > FLOWING_WITHIN_S) && `no traffic for ${flowingS.toFixed(1)} s after the end`,
    lost > 0 && `${lost} pushes answered 200 are missing`,
    outage.name === "another name" && error?.code !== "tunnel_name_taken" && "the other name was not shouted",
  ].filter((text) => text !== false);
  const report = reportedS === undefined ? "passed unnoticed" : `reported after ${reportedS.toFixed(1)} s`;
  const line = `${outage.name}, ${phaseS + 1} s after a ping: ${report}, traffic again ${flowingS.toFixed(1)} s after its end, ${sender.answered.size} pushes answered, ${lost} missing`;
  console.log(missed.length > 0 ? `MISS ${line}` : `ok   ${line}`);
  return missed.map((text) => `${outage.name}: ${text}`);
}

/** Freezes a separate server at a random time. Returns what failed. The server itself reports the release of the name. */
async function freeze(): Promise<string | undefined> {
  const phaseS = Math.random() * 15;
  const lastsS = 30 + Math.random() * 30;
  const server = await new LocaltunnelServer().start();
  const target = await new Target().start();
  const own = `${server.publicUrl("frozen-name")}/in/${target.secret}`;
  const otherUrls = new Set<string>();
  let backAt: number | undefined;
  const supervisor = new TunnelSupervisor({
    provider: localtunnel({ host: server.url }),
    port: target.port,
    secret: target.secret,
    subdomain: "frozen-name",
    onState: ({ state, url }) => {
      if (state !== "up") return;
      if (url === own) backAt = performance.now();
      else if (url !== null) otherUrls.add(url);
    },
  });
  supervisor.start();
  await supervisor.ready();
  await seconds(phaseS);

  server.freeze();
  await seconds(lastsS);
  const thawed = performance.now();
  server.thaw();
  const release = () => server.releasesOf("frozen-name").find((moment) => moment > thawed);
  await until(() => release() !== undefined, 20);
  const released = release();
  await until(() => backAt !== undefined && backAt > (released ?? 0), 90);
  await supervisor.close();
  await Promise.all([target.stop(), server.stop()]);

  const backS = backAt === undefined || backAt < (released ?? 0) ? undefined : (backAt - (released ?? backAt)) / 1_000;
  const how =
    released === undefined
      ? "the server never freed the own name"
      : `own name released ${((released - thawed) / 1_000).toFixed(1)} s after the thaw, back ${backS?.toFixed(1) ?? "never"} s after its release`;
  const isMissed = backS === undefined || backS > OWN_NAME_WITHIN_S;
  const line = `frozen for ${lastsS.toFixed(1)} s, ${phaseS.toFixed(1)} s after the start: ${how}, ${otherUrls.size} other names meanwhile`;
  console.log(isMissed ? `MISS ${line}` : `ok   ${line}`);
  return isMissed ? `frozen: ${how}` : undefined;
}

async function until(condition: () => boolean, limitS: number): Promise<boolean> {
  const begun = performance.now();
  while (!condition() && since(begun) < limitS) await seconds(0.05);
  return condition();
}

function since(moment: number): number {
  return (performance.now() - moment) / 1_000;
}

function seconds(duration: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, duration * 1_000));
}
