import { performance } from "node:perf_hooks";
import { localtunnel, publicRequest, TunnelSupervisor } from "../../devproxy/src/tunnel/index.js";
import { Target } from "../../test/devproxy/tunnel/target.js";
import { LocaltunnelServer } from "../../test/helpers/localtunnel-server.js";

const REPORTED_WITHIN_S = 35;
const FLOWING_WITHIN_S = 20;
const FROZEN_S = 40;

/** A failure of a tunnel server, and how it ends. */
interface Outage {
  name: string;
  begin(server: LocaltunnelServer): unknown;
  end(server: LocaltunnelServer): unknown;
  /** Minimum duration. Default: until the supervisor reports the failure. */
  lastsS?: number;
  /** The tunnel may repair it before the supervisor reports it. */
  isReportOptional?: boolean;
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
  { name: "all sockets dropped", begin: (server) => server.dropSockets(), end: () => {}, isReportOptional: true },
  { name: "responds 500", begin: (server) => server.behave("500"), end: (server) => server.behave("normal") },
  { name: "responds with a page", begin: (server) => server.behave("html"), end: (server) => server.behave("normal") },
  { name: "another name", begin: (server) => server.stop(), end: (server) => server.start({ mode: "rename" }) },
];

/** Sends numbered pushes continuously to the current public URL, and records which got the response 200. */
class PublicLoad {
  readonly acknowledged = new Set<string>();
  lastAcknowledgedAt = 0;
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
      const startedAt = performance.now();
      const options = { method: "POST", body, timeoutMs: 2_000, signal: this.#stop.signal };
      const response = await publicRequest(this.#url() ?? "http://127.0.0.1:1/", options).catch(() => undefined);
      if (response?.status === 200 && response.body.toString() === body) {
        this.acknowledged.add(body);
        this.lastAcknowledgedAt = startedAt;
      }
      await seconds(0.1);
    }
  }
}

const OWN_NAME_WITHIN_S = 5;
const PARALLEL_FREEZES = 4;

/**
 * Tests failures of a tunnel server, with the default intervals. The supervisor must report each within 35 s, pushes must arrive again
 * within 20 s of its end, and no push with the response 200 may be missing.
 * Then it freezes the server for 30 to 60 s at random times: the tunnel must have its name again within 5 s of the release of the name.
 * @param options.short one round instead of three (at different moments between two pings), and 2 freezes instead of 12
 * @throws if a check fails
 */
export default async function tunnelChaos({ short }: { short: boolean }): Promise<void> {
  const failures: string[] = [];
  for (const phaseS of short ? [0] : [0, 6, 12]) {
    for (const outage of OUTAGES) failures.push(...(await run(outage, phaseS)));
  }
  if (process.platform !== "win32") {
    for (let left = short ? 2 : 12; left > 0; left -= PARALLEL_FREEZES) {
      const freezes = Array.from({ length: Math.min(left, PARALLEL_FREEZES) }, freeze);
      failures.push(...(await Promise.all(freezes)).filter((text) => text !== undefined));
    }
  }
  if (failures.length > 0) throw new Error(`the tunnel did not meet its guarantees:\n${failures.join("\n")}`);
}

async function run(outage: Outage, phaseS: number): Promise<string[]> {
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
  const load = new PublicLoad(() => supervisor.status.url);
  await seconds(1 + phaseS);

  const startedAt = performance.now();
  await outage.begin(server);
  const reported = await until(() => downAt !== undefined, outage.isReportOptional ? 3 : REPORTED_WITHIN_S + 10);
  if (outage.lastsS !== undefined) await seconds(Math.max(0, outage.lastsS - since(startedAt)));
  await outage.end(server);
  const ended = performance.now();
  const isFlowing = await until(() => load.lastAcknowledgedAt > ended, FLOWING_WITHIN_S + 20);
  const flowingS = since(ended);
  const { error } = supervisor.status;

  await load.stop();
  await supervisor.close();
  const lost = [...load.acknowledged].filter((body) => !target.received.has(body)).length;
  await Promise.all([target.stop(), server.stop()]);

  const reportedS = downAt === undefined ? undefined : (downAt - startedAt) / 1_000;
  const failures = [
    !reported && !outage.isReportOptional && "never reported",
    reportedS !== undefined && reportedS > REPORTED_WITHIN_S && `reported after ${reportedS.toFixed(1)} s`,
    (!isFlowing || flowingS > FLOWING_WITHIN_S) && `no traffic for ${flowingS.toFixed(1)} s after the end`,
    lost > 0 && `${lost} pushes with the response 200 are missing`,
    outage.name === "another name" && error?.code !== "tunnel_name_taken" && "the other name was not reported",
  ].filter((text) => text !== false);
  const report = reportedS === undefined ? "not reported" : `reported after ${reportedS.toFixed(1)} s`;
  const line = `${outage.name}, ${phaseS + 1} s after a ping: ${report}, traffic again ${flowingS.toFixed(1)} s after its end, ${load.acknowledged.size} pushes acknowledged, ${lost} missing`;
  console.log(failures.length > 0 ? `FAIL ${line}` : `ok   ${line}`);
  return failures.map((text) => `${outage.name}: ${text}`);
}

/** Freezes a separate server at a random time. Returns what failed. The server reports when it releases the name. */
async function freeze(): Promise<string | undefined> {
  const phaseS = Math.random() * 15;
  const lastsS = 30 + Math.random() * 30;
  const server = await new LocaltunnelServer().start();
  const target = await new Target().start();
  const ownUrl = `${server.publicUrl("frozen-name")}/in/${target.secret}`;
  const otherUrls = new Set<string>();
  let backAt: number | undefined;
  const supervisor = new TunnelSupervisor({
    provider: localtunnel({ host: server.url }),
    port: target.port,
    secret: target.secret,
    subdomain: "frozen-name",
    onState: ({ state, url }) => {
      if (state !== "up") return;
      if (url === ownUrl) backAt = performance.now();
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
  const back = backS === undefined ? "never back" : `back ${backS.toFixed(1)} s after its release`;
  const how =
    released === undefined
      ? "the server never released the name"
      : `name released ${((released - thawed) / 1_000).toFixed(1)} s after the thaw, ${back}`;
  const isFailure = backS === undefined || backS > OWN_NAME_WITHIN_S;
  const line = `frozen for ${lastsS.toFixed(1)} s, ${phaseS.toFixed(1)} s after the start: ${how}, ${otherUrls.size} other names meanwhile`;
  console.log(isFailure ? `FAIL ${line}` : `ok   ${line}`);
  return isFailure ? `frozen: ${how}` : undefined;
}

async function until(condition: () => boolean, limitS: number): Promise<boolean> {
  const startedAt = performance.now();
  while (!condition() && since(startedAt) < limitS) await seconds(0.05);
  return condition();
}

function since(moment: number): number {
  return (performance.now() - moment) / 1_000;
}

function seconds(duration: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, duration * 1_000));
}
