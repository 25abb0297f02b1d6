import { isLocalhostName } from "../http/index.js";
import { reasonOf, TunnelError } from "./errors.js";
import { installedTunnelValues } from "./presets.js";
import type { PublicResponse } from "./request.js";
import { publicRequest } from "./request.js";

/** A tunnel that a localtunnel server assigns. The names of the members are those of its response. */
export interface AssignedTunnel {
  /** Name of the tunnel, which may differ from the requested one. */
  id: string;
  /** TCP port of the server to connect to. */
  port: number;
  /** Public URL. If the server left out the port, it has been added. */
  url: string;
  /** Maximum number of connections. */
  max_conn_count: number;
  /** Host to connect to, if it is not that of the server. */
  ip?: string;
}

export interface TunnelRequest {
  /** URL of the server, e.g. `https://localtunnel.me`. */
  server: string;
  name: string;
  timeoutMs: number;
  signal?: AbortSignal;
}

const MAX_CONNECTIONS = 20;

/**
 * Requests a tunnel from a localtunnel server, once.
 * @throws {TunnelError}
 */
export async function requestTunnel({ server, name, timeoutMs, signal }: TunnelRequest): Promise<AssignedTunnel> {
  const options = { timeoutMs, ...(signal && { signal }) };
  const response = await requestWithRedirects(new URL(`/${name}`, server), options, 5).catch((error) => {
    throw noResponse(error, server, timeoutMs);
  });
  return assignedTunnel(response, server);
}

async function requestWithRedirects(
  url: URL,
  options: { timeoutMs: number; signal?: AbortSignal },
  maxRedirects: number,
): Promise<PublicResponse> {
  const response = await publicRequest(url, options);
  const { location } = response.headers;
  if (response.status < 300 || response.status > 399 || !location || maxRedirects === 0) return response;
  return requestWithRedirects(new URL(location, url), options, maxRedirects - 1);
}

function noResponse(error: NodeJS.ErrnoException, server: string, timeoutMs: number): TunnelError {
  if (error.code === "ABORT_ERR")
    return new TunnelError("tunnel_closed", `the tunnel request to ${server} was cancelled`);
  if (error.code === "ETIMEDOUT") return timedOut(server, timeoutMs, error);
  const message = `cannot reach the tunnel server ${server} (${reasonOf(error)}); ${advice()}`;
  return new TunnelError("tunnel_unreachable", message, { cause: error });
}

/** Advice for a tunnel that cannot be opened. It lists the alternatives that are installed on this machine. */
function advice(): string {
  const found = installedTunnelValues().map((value) => `--tunnel ${value}`);
  const others =
    found.length > 0 ? `${found.join(" or ")} (found on this machine)` : "install cloudflared for --tunnel cloudflared";
  return `check --tunnel-host, or use another tunnel: ${others}, or continue with --tunnel none`;
}

/** The error for a server that did not respond within `timeoutMs`. */
export function timedOut(server: string, timeoutMs: number, cause?: unknown): TunnelError {
  const message = `the tunnel server ${server} did not respond within ${Math.round(timeoutMs / 100) / 10} s; ${advice()}`;
  return new TunnelError("tunnel_timeout", message, { cause });
}

function assignedTunnel({ status, body }: PublicResponse, server: string): AssignedTunnel {
  const evidence = body.toString("utf8", 0, 200);
  const json = parseObject(body);
  if (status !== 200) {
    const response = typeof json?.message === "string" ? `${status}: ${json.message.slice(0, 200)}` : `${status}`;
    throw new TunnelError("tunnel_refused", `the tunnel server ${server} responded ${response}; ${advice()}`, {
      status,
      evidence,
    });
  }
  const unusable = nameBeforeIpAddress(json?.url);
  if (unusable !== undefined) {
    const message = `the tunnel server ${server} assigned ${unusable}, which is not a valid URL: a name cannot precede an IP address. Start the server with --domain DOMAIN (on this machine: --domain localhost), or give --tunnel-host its domain name instead of its IP address`;
    throw new TunnelError("tunnel_bad_address", message, { status, evidence });
  }
  const assigned = json && parseAssignedTunnel(json, server);
  if (assigned) return assigned;
  const what = json ? "JSON without a tunnel in it" : /^\s*</.test(evidence) ? "a web page" : "something unreadable";
  throw new TunnelError(
    "tunnel_not_a_server",
    `${server} is not a localtunnel server: it responded with ${what}; ${advice()}`,
    { status, evidence },
  );
}

/** The URL, if it is invalid because the server has no domain: the tunnel's name is before an IP address. */
function nameBeforeIpAddress(url: unknown): string | undefined {
  if (typeof url !== "string" || URL.canParse(url)) return undefined;
  return /^https?:\/\/[a-z0-9-]+\.(?:\d{1,3}(?:\.\d{1,3}){3}|\[[0-9a-f:.]+\])(?::\d{1,5})?\/?$/i.exec(url)?.[0];
}

function parseObject(body: Buffer): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(body.toString());
    return value && typeof value === "object" ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function parseAssignedTunnel(json: Record<string, unknown>, server: string): AssignedTunnel | undefined {
  const { id, port, url, ip, max_conn_count: max } = json;
  if (typeof id !== "string" || typeof url !== "string" || !/^https?:\/\//.test(url) || !URL.canParse(url)) return;
  if (!Number.isInteger(port) || Number(port) < 1 || Number(port) > 65_535) return;
  const { hostname } = new URL(server);
  const connectHost = typeof ip === "string" && ip ? ip : isLocalhostName(hostname) ? "127.0.0.1" : undefined;
  return {
    id,
    port: Number(port),
    url: withPort(url, server),
    max_conn_count: Math.min(MAX_CONNECTIONS, Math.max(1, Math.trunc(Number(max)) || 1)),
    ...(connectHost !== undefined && { ip: connectHost }),
  };
}

/** Adds the port of `server` to a URL without a port. A server that does not know its public port leaves it out. */
function withPort(text: string, server: string): string {
  const url = new URL(text);
  const { protocol, port } = new URL(server);
  if (!url.port && url.protocol === protocol) url.port = port;
  return url.origin;
}
