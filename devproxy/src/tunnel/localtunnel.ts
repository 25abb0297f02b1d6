import { randomBytes } from "node:crypto";
import { performance } from "node:perf_hooks";
import { TunnelError } from "./errors.js";
import type { GrantedClient } from "./localtunnel-client.js";
import type { Grant } from "./localtunnel-grant.js";
import { requestGrant, timedOut } from "./localtunnel-grant.js";
import { pause } from "./pause.js";
import type { OpenOptions, Tunnel, TunnelProvider } from "./tunnel.js";

/** A server frees a name about a second after its last connection has ended, so a name that is taken is requested again. */
const MAX_REQUESTS = 3;
const REQUEST_AGAIN_MS = 1_250;
/** Minimum time for the steps after a response. A frozen server may resume and respond just before the time limit. */
const MIN_STEP_MS = 4_000;

/**
 * Tunnels through a localtunnel server.
 * @param options.host the server; default `https://localtunnel.me`
 * @throws {TunnelError} `tunnel_option` if `host` is not an http or https address
 */
export function localtunnel({ host = "https://localtunnel.me" }: { host?: string } = {}): TunnelProvider {
  const server = serverOf(host);
  return {
    kind: "localtunnel",
    server,
    openLimitMs: 8_000,
    settleLimitMs: 8_000,
    open: (options) => open(server, options),
  };
}

function serverOf(host: string): string {
  if (URL.canParse(host) && /^https?:$/.test(new URL(host).protocol)) return new URL(host).origin;
  throw new TunnelError(
    "tunnel_option",
    `--tunnel-host must be the address of a localtunnel server, such as https://localtunnel.me (got ${JSON.stringify(host)})`,
  );
}

async function open(host: string, options: OpenOptions): Promise<Tunnel> {
  const { port, subdomain, timeoutMs = 8_000, signal = new AbortController().signal } = options;
  const deadline = performance.now() + timeoutMs;
  const { GrantedClient } = await import("./localtunnel-client.js");
  const grant = await requestName(host, options, signal, deadline);
  const connectMs = Math.max(deadline - performance.now(), MIN_STEP_MS);
  const client = new GrantedClient({ port, host }, grant);
  const tunnel = new LocaltunnelTunnel(client, host, grant, subdomain);
  await tunnel.connected(signal, connectMs);
  return tunnel;
}

/** Accepts another name only after the server has refused the requested one three times, even if its first response was late. */
async function requestName(host: string, options: OpenOptions, signal: AbortSignal, deadline: number): Promise<Grant> {
  const { subdomain, exactName = false } = options;
  const name = subdomain ?? `airudder-${randomBytes(6).toString("hex")}`;
  for (let count = 1; ; count++) {
    const timeoutMs = Math.max(1, Math.round(deadline - performance.now()), count > 1 ? MIN_STEP_MS : 0);
    const grant = await requestGrant({ host, name, timeoutMs, signal });
    if (grant.id === name || subdomain === undefined) return grant;
    if (exactName)
      throw new TunnelError("tunnel_name_taken", `the tunnel server ${host} does not assign the name ${name}`);
    if (count === MAX_REQUESTS) return grant;
    await pause(REQUEST_AGAIN_MS, signal);
  }
}

class LocaltunnelTunnel implements Tunnel {
  readonly url: string;
  readonly missedName?: string;
  readonly #client: GrantedClient;
  readonly #host: string;
  readonly #server: string;
  #listener: ((error: TunnelError) => void) | undefined;
  #isConnected = false;

  constructor(client: GrantedClient, host: string, grant: Grant, subdomain: string | undefined) {
    this.url = grant.url;
    if (subdomain !== undefined && grant.id !== subdomain) this.missedName = subdomain;
    this.#client = client;
    this.#host = host;
    this.#server = `${grant.ip ?? new URL(host).hostname}:${grant.port}`;
    client.on("error", () =>
      this.#listener?.(this.#isConnected ? this.#lost() : this.#unreachable("connection refused")),
    );
  }

  /** Resolves when the first connection to the server is open. */
  connected(signal: AbortSignal, limitMs: number): Promise<void> {
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
      const timer = setTimeout(() => settle(this.#unreachable("no response")), limitMs);
      this.#listener = settle;
      this.#client.once("url", () => settle());
      signal.addEventListener("abort", onAbort, { once: true });
      if (signal.aborted) return onAbort();
      this.#client.open((error) => error && settle(timedOut(this.#server, limitMs, error)));
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
      `the tunnel server ${this.#host} no longer accepts connections (connection refused); connecting again until it does`,
    );
  }

  #unreachable(reason: string): TunnelError {
    return new TunnelError(
      "tunnel_unreachable",
      `the tunnel server's connection port ${this.#server} cannot be reached (${reason}); check that the firewall allows it, or use another tunnel`,
    );
  }
}
