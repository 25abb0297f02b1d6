import { isLocalhostName } from "../http/index.js";
import { reasonOf, TunnelError } from "./errors.js";
import { presetsFound } from "./presets.js";
import type { PublicResponse } from "./request.js";
import { publicRequest } from "./request.js";

/** What a localtunnel server hands out. */
export interface Grant {
  /** The name given, which need not be the one asked for. */
  id: string;
  /** TCP port of the server to connect to. */
  port: number;
  /** Public URL, with the port that the server leaves out. */
  url: string;
  /** Connections that the server allows. */
  max_conn_count: number;
  /** Host to connect to, when it is not the one asked. */
  ip?: string;
}

export interface AskOptions {
  /** The server, e.g. `https://localtunnel.me`. */
  host: string;
  name: string;
  timeoutMs: number;
  signal?: AbortSignal;
}

const MOST_CONNECTIONS = 20;

/**
 * Asks a localtunnel server, once, for a tunnel of that name.
 * @throws {TunnelError}
 */
export async function ask({ host, name, timeoutMs, signal }: AskOptions): Promise<Grant> {
  const options = { timeoutMs, ...(signal && { signal }) };
  const answer = await follow(new URL(`/${name}`, host), options, 5).catch((error) => {
    throw unanswered(error, host, timeoutMs);
  });
  return granted(answer, host);
}

async function follow(
  url: URL,
  options: { timeoutMs: number; signal?: AbortSignal },
  redirects: number,
): Promise<PublicResponse> {
  const answer = await publicRequest(url, options);
  const { location } = answer.headers;
  if (answer.status < 300 || answer.status > 399 || !location || redirects === 0) return answer;
  return follow(new URL(location, url), options, redirects - 1);
}

function unanswered(error: NodeJS.ErrnoException, host: string, timeoutMs: number): TunnelError {
  if (error.code === "ABORT_ERR") return new TunnelError("tunnel_closed", `no longer asking ${host} for a tunnel`);
  if (error.code === "ETIMEDOUT") return timedOut(host, timeoutMs, error);
  const message = `cannot reach the tunnel server ${host} (${reasonOf(error)}); ${hint()}`;
  return new TunnelError("tunnel_unreachable", message, { cause: error });
}

/** Advice. Names the tunnels that this machine can open. */
function hint(): string {
  const found = presetsFound().map((option) => `--tunnel ${option}`);
  const others =
    found.length > 0 ? `${found.join(" or ")} (found on this machine)` : "install cloudflared for --tunnel cloudflared";
  return `check --tunnel-host, or use another tunnel: ${others}, or continue with --tunnel none`;
}

export function timedOut(host: string, timeoutMs: number, cause?: unknown): TunnelError {
  const message = `the tunnel server ${host} did not respond within ${Math.round(timeoutMs / 100) / 10} s; ${hint()}`;
  return new TunnelError("tunnel_timeout", message, { cause });
}

function granted({ status, body }: PublicResponse, host: string): Grant {
  const evidence = body.toString("utf8", 0, 200);
  const answer = parsed(body);
  if (status !== 200) {
    const said = typeof answer?.message === "string" ? `${status}: ${answer.message.slice(0, 200)}` : `${status}`;
    throw new TunnelError("tunnel_refused", `the tunnel server ${host} responded ${said}; ${hint()}`, {
      status,
      evidence,
    });
  }
  const unusable = nameBeforeIpAddress(answer?.url);
  if (unusable !== undefined) {
    const message = `the tunnel server ${host} assigned ${unusable}, which is not a valid URL: a name cannot precede an IP address. Start the server with --domain DOMAIN (on this machine: --domain localhost), or give --tunnel-host its domain name instead of its IP address`;
    throw new TunnelError("tunnel_bad_address", message, { status, evidence });
  }
  const grant = answer && grantFrom(answer, host);
  if (grant) return grant;
  const what = answer ? "JSON without a tunnel in it" : /^\s*</.test(evidence) ? "a web page" : "something unreadable";
  throw new TunnelError(
    "tunnel_not_a_server",
    `${host} is not a localtunnel server: it responded with ${what}; ${hint()}`,
    { status, evidence },
  );
}

/** The invalid URL of a server without a domain: it puts the tunnel's name before its IP address. */
function nameBeforeIpAddress(url: unknown): string | undefined {
  if (typeof url !== "string" || URL.canParse(url)) return undefined;
  return /^https?:\/\/[a-z0-9-]+\.(?:\d{1,3}(?:\.\d{1,3}){3}|\[[0-9a-f:.]+\])(?::\d{1,5})?\/?$/i.exec(url)?.[0];
}

function parsed(body: Buffer): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(body.toString());
    return value && typeof value === "object" ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function grantFrom(answer: Record<string, unknown>, host: string): Grant | undefined {
  const { id, port, url, ip, max_conn_count: most } = answer;
  if (typeof id !== "string" || typeof url !== "string" || !/^https?:\/\//.test(url) || !URL.canParse(url)) return;
  if (!Number.isInteger(port) || Number(port) < 1 || Number(port) > 65_535) return;
  const asked = new URL(host).hostname;
  const address = typeof ip === "string" && ip ? ip : isLocalhostName(asked) ? "127.0.0.1" : undefined;
  return {
    id,
    port: Number(port),
    url: withPort(url, host),
    max_conn_count: Math.min(MOST_CONNECTIONS, Math.max(1, Math.trunc(Number(most)) || 1)),
    ...(address !== undefined && { ip: address }),
  };
}

/** A server that was not told its public port leaves it out of the URL: it is the one that we reached it on. */
function withPort(text: string, host: string): string {
  const url = new URL(text);
  const server = new URL(host);
  if (!url.port && url.protocol === server.protocol) url.port = server.port;
  return url.origin;
}
