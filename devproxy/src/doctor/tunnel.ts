import { randomBytes } from "node:crypto";
import { readConfig } from "../config/index.js";
import { createPingIngress, listen, portOf } from "../ingress/index.js";
import { type TunnelProvider, type TunnelStatus, TunnelSupervisor } from "../tunnel/index.js";
import { type Finding, failed, ok, skipped } from "./finding.js";

/** The state of a tunnel, as a running listen reports it. */
export interface ReportedTunnel {
  state: string;
  url: string | null;
  error?: string | undefined;
  pingMs?: number | undefined;
}

/** Opens the tunnel, pings its public URL, and closes it. */
export async function checkTunnel(
  provider: TunnelProvider,
  dir: string,
  subdomain: string | undefined,
): Promise<Finding[]> {
  if (provider.kind === "none") return [skipped("tunnel", "there is no tunnel (--tunnel none)")];
  const program = programFinding(provider);
  if (program?.result === "failed") return [program];
  const config = await readConfig(dir).catch(() => undefined);
  const secret = config?.secret ?? randomBytes(18).toString("base64url");
  const name = subdomain ?? config?.subdomain;
  const server = await listen(createPingIngress(secret), 0);
  const timeoutMs = Math.max(10_000, provider.openTimeoutMs + provider.firstPingTimeoutMs);
  const supervisor = new TunnelSupervisor({
    provider,
    port: portOf(server),
    secret,
    ...(name === undefined ? {} : { subdomain: name }),
    timing: { reportPendingAfterMs: timeoutMs },
  });
  try {
    supervisor.start();
    await supervisor.ready(timeoutMs);
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
  if (path !== undefined) return ok("program", `${program.name} is installed at ${path}`);
  return failed("program", `${program.name} is not installed: it is not on the PATH. ${program.install}`);
}

function stateOf({ state, url, error }: TunnelStatus, pingMs: number | undefined): ReportedTunnel {
  return { state, url, error: error?.message, pingMs };
}

/** The findings for the state of a tunnel. While the tunnel is up, `error` is about its name. */
export function tunnelFindings({ state, url, error, pingMs }: ReportedTunnel): Finding[] {
  if (state === "off") return [skipped("tunnel", "there is no tunnel (--tunnel none)")];
  if (state !== "up" || url === null)
    return [failed("tunnel", error ?? `it is ${state}: no ping through it has succeeded yet`)];
  const up = ok(
    "tunnel",
    `${new URL(url).origin} forwards requests to this machine (round trip ${Math.round(pingMs ?? 0)} ms)`,
  );
  return [up, error === undefined ? ok("name", "the tunnel has the requested name") : failed("name", error)];
}
