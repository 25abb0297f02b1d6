import { randomBytes } from "node:crypto";
import { readConfig } from "../config/index.js";
import { listen, pingApp, portOf } from "../ingress/index.js";
import { type TunnelProvider, type TunnelStatus, TunnelSupervisor } from "../tunnel/index.js";
import { type Finding, failed, ok, skipped } from "./finding.js";

/** What is known of a tunnel. */
export interface TunnelState {
  state: string;
  url: string | null;
  error?: string | undefined;
  pingMs?: number | undefined;
}

/** Opens the tunnel for a moment, and pings through its public URL. */
export async function tryTunnel(
  provider: TunnelProvider,
  dir: string,
  subdomain: string | undefined,
): Promise<Finding[]> {
  if (provider.kind === "none") return [skipped("tunnel", "none is wanted")];
  const program = programFinding(provider);
  if (program?.result === "failed") return [program];
  const config = await readConfig(dir).catch(() => undefined);
  const secret = config?.secret ?? randomBytes(18).toString("base64url");
  const name = subdomain ?? config?.subdomain;
  const server = await listen(pingApp(secret), 0);
  const supervisor = new TunnelSupervisor({
    provider,
    port: portOf(server),
    secret,
    ...(name === undefined ? {} : { subdomain: name }),
  });
  try {
    supervisor.start();
    await supervisor.ready(Math.max(10_000, provider.openLimitMs + provider.settleLimitMs));
    const findings = tunnelFindings(stateOf(supervisor.status, supervisor.pingMs));
    return program === undefined ? findings : [program, ...findings];
  } finally {
    await supervisor.close();
    server.close();
    server.closeAllConnections();
  }
}

/** Whether the program that a tunnel needs is installed; `undefined` if it needs none. */
function programFinding({ program }: TunnelProvider): Finding | undefined {
  if (program === undefined) return undefined;
  const path = program.find();
  if (path !== undefined) return ok("program", `${program.name} is ${path}`);
  return failed("program", `${program.name} is not installed: it is not on the PATH. ${program.install}`);
}

function stateOf({ state, url, error }: TunnelStatus, pingMs: number | undefined): TunnelState {
  return { state, url, error: error?.message, pingMs };
}

/** A tunnel's state as findings. An error of one that is up is about its name. */
export function tunnelFindings({ state, url, error, pingMs }: TunnelState): Finding[] {
  if (state === "off") return [skipped("tunnel", "none is wanted")];
  if (state !== "up" || url === null)
    return [failed("tunnel", error ?? `it is ${state}: no ping has come back through it yet`)];
  const reached = ok(
    "tunnel",
    `${new URL(url).origin} brings requests here (${Math.round(pingMs ?? 0)} ms there and back)`,
  );
  return [reached, error === undefined ? ok("name", "the URL is the one that was asked for") : failed("name", error)];
}
