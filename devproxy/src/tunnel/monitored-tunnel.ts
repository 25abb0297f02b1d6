import { TunnelError } from "./errors.js";
import { Pause } from "./pause.js";
import { ping } from "./ping.js";
import type { Tunnel } from "./tunnel.js";

/** An open tunnel that can be pinged. Remembers the failure that the tunnel itself reported. */
export class MonitoredTunnel {
  readonly tunnel: Tunnel;
  /** The wait before the next ping. Ends early when the tunnel reports a failure. */
  readonly pause = new Pause();
  /** The failure that the tunnel reported. It explains more than a failed ping. */
  failure: TunnelError | undefined;
  readonly #secret: string;
  readonly #pingTimeoutMs: number;
  /** The origin through which a ping succeeded. */
  #confirmed: string | undefined;

  constructor(tunnel: Tunnel, secret: string, pingTimeoutMs: number) {
    this.tunnel = tunnel;
    this.#secret = secret;
    this.#pingTimeoutMs = pingTimeoutMs;
    tunnel.onFail?.((error) => {
      if (this.failure) return;
      this.failure = error;
      this.pause.wake();
    });
  }

  /** Public origin: the confirmed one, or the first candidate. */
  get url(): string {
    return this.#confirmed ?? this.tunnel.url;
  }

  /** Pings the public URL. @returns the round trip in ms, or the failure */
  async ping(signal: AbortSignal): Promise<number | TunnelError> {
    try {
      const ms = await this.#pingOrigins(signal);
      this.failure = undefined;
      return ms;
    } catch (error) {
      return this.failure ?? (error as TunnelError);
    }
  }

  /**
   * Pings the confirmed origin. If there is none, pings the https candidates in parallel, then the http ones. The first candidate with a
   * successful ping is confirmed.
   */
  async #pingOrigins(signal: AbortSignal): Promise<number> {
    const urls = this.#confirmed === undefined ? (this.tunnel.urls ?? [this.tunnel.url]) : [this.#confirmed];
    const secure = urls.filter((url) => url.startsWith("https:"));
    const plain = urls.filter((url) => !url.startsWith("https:"));
    const failures: TunnelError[] = [];
    for (const group of [secure, plain]) {
      const settled = new AbortController();
      const pingOrigin = async (url: string) => {
        const options = { url, secret: this.#secret, timeoutMs: this.#pingTimeoutMs };
        const { ms } = await ping({ ...options, signal: AbortSignal.any([signal, settled.signal]) });
        this.#confirmed ??= url;
        return ms;
      };
      try {
        return await Promise.any(group.map(pingOrigin));
      } catch (error) {
        failures.push(...(error as AggregateError).errors);
      } finally {
        settled.abort();
      }
    }
    throw failures.length === 1 ? failures[0] : noOriginForwards(urls, failures);
  }
}

function noOriginForwards(urls: readonly string[], [first]: TunnelError[]): TunnelError {
  const message = `no URL that the tunnel program printed forwards requests to this machine: ${urls.join(", ")}; the local URL still works`;
  return new TunnelError("tunnel_silent", message, { cause: first });
}
