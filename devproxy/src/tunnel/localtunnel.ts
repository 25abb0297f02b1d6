import { randomBytes } from "node:crypto";
import { performance } from "node:perf_hooks";
import { TunnelError } from "./errors.js";
import type { AssignedTunnelClient } from "./localtunnel-client.js";
import type { AssignedTunnel } from "./localtunnel-request.js";
import { requestTunnel, timedOut } from "./localtunnel-request.js";
import { pause } from "./pause.js";
import type { OpenOptions, Tunnel, TunnelProvider } from "./tunnel.js";

/** Maximum number of requests for a name. A server frees a name about a second after its last connection has closed. */
const MAX_REQUESTS = 3;
const REQUEST_AGAIN_MS = 1_250;
/** Minimum time for each step after the first response. A slow server may send that response just before the timeout. */
const MIN_STEP_MS = 4_000;

/**
 * Tunnels through a localtunnel server.
 * @param options.host URL of the server; default `https://localtunnel.me`
 * @throws {TunnelError} `tunnel_option` if `host` is not an http or https URL
 */
export function localtunnel({ host = "https://localtunnel.me" }: { host?: string } = {}): TunnelProvider {
  const server = serverOf(host);
  return {
    kind: "localtunnel",
    server,
    openTimeoutMs: 8_000,
    firstPingTimeoutMs: 8_000,
    open: (options) => open(server, options),
  };
}

function serverOf(host: string): string {
  if (URL.canParse(host) && /^https?:$/.test(new URL(host).protocol)) return new URL(host).origin;
  throw new TunnelError(
    "tunnel_option",
    `--tunnel-host must be the URL of a localtunnel server, such as https://localtunnel.me (got ${JSON.stringify(host)})`,
  );
}

async function open(server: string, options: OpenOptions): Promise<Tunnel> {
  const { port, subdomain, timeoutMs = 8_000, signal = new AbortController().signal } = options;
  const deadline = performance.now() + timeoutMs;
  const { AssignedTunnelClient } = await import("./localtunnel-client.js");
  const assigned = await requestName(server, options, signal, deadline);
  const connectMs = Math.max(deadline - performance.now(), MIN_STEP_MS);
  const client = new AssignedTunnelClient({ port, host: server }, assigned);
  const tunnel = new LocaltunnelTunnel(client, server, assigned, subdomain);
  await tunnel.waitUntilConnected(signal, connectMs);
  return tunnel;
}

/**
 * Requests the name up to three times before accepting another one. After a late first response, each later request still has at least
 * `MIN_STEP_MS`.
 */
async function requestName(
  server: string,
  options: OpenOptions,
  signal: AbortSignal,
  deadline: number,
): Promise<AssignedTunnel> {
  const { subdomain, exactName = false } = options;
  const name = subdomain ?? `airudder-${randomBytes(6).toString("hex")}`;
  for (let count = 1; ; count++) {
    const timeoutMs = Math.max(1, Math.round(deadline - performance.now()), count > 1 ? MIN_STEP_MS : 0);
    const assigned = await requestTunnel({ server, name, timeoutMs, signal });
    if (assigned.id === name || subdomain === undefined) return assigned;
    if (exactName)
      throw new TunnelError("tunnel_name_taken", `the tunnel server ${server} does not assign the name ${name}`);
    if (count === MAX_REQUESTS) return assigned;
    await pause(REQUEST_AGAIN_MS, signal);
  }
}

class LocaltunnelTunnel implements Tunnel {
  readonly url: string;
  readonly takenName?: string;
  readonly #client: AssignedTunnelClient;
  readonly #server: string;
  readonly #endpoint: string;
  #listener: ((error: TunnelError) => void) | undefined;
  #isConnected = false;

  constructor(client: AssignedTunnelClient, server: string, assigned: AssignedTunnel, subdomain: string | undefined) {
    this.url = assigned.url;
    if (subdomain !== undefined && assigned.id !== subdomain) this.takenName = subdomain;
    this.#client = client;
    this.#server = server;
    this.#endpoint = `${assigned.ip ?? new URL(server).hostname}:${assigned.port}`;
    client.on("error", () =>
      this.#listener?.(this.#isConnected ? this.#lost() : this.#unreachable("connection refused")),
    );
  }

  /** Resolves when the first connection to the server is open. */
  waitUntilConnected(signal: AbortSignal, timeoutMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (error?: TunnelError) => {
        clearTimeout(timer);
        signal.removeEventListener("abort", onAbort);
        this.#listener = undefined;
        if (!error) {
          this.#isConnected = true;
          return resolve();
        }
        this.#client.close();
        reject(error);
      };
      const onAbort = () => settle(new TunnelError("tunnel_closed", "the opening of the tunnel was cancelled"));
      const timer = setTimeout(() => settle(this.#unreachable("no response")), timeoutMs);
      this.#listener = settle;
      this.#client.once("url", () => settle());
      signal.addEventListener("abort", onAbort, { once: true });
      if (signal.aborted) return onAbort();
      this.#client.open((error) => error && settle(timedOut(this.#endpoint, timeoutMs, error)));
    });
  }

  onFail(listener: (error: TunnelError) => void): void {
    this.#listener = listener;
  }

  async close(): Promise<void> {
    this.#listener = undefined;
    this.#client.close();
  }

  #lost(): TunnelError {
    return new TunnelError(
      "tunnel_unreachable",
      `the tunnel server ${this.#server} no longer accepts connections (connection refused); the proxy connects again when it does`,
    );
  }

  #unreachable(reason: string): TunnelError {
    return new TunnelError(
      "tunnel_unreachable",
      `the tunnel server's connection port ${this.#endpoint} cannot be reached (${reason}); check that the firewall allows it, or use another tunnel`,
    );
  }
}
