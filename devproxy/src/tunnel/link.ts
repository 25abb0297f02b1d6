import { TunnelError } from "./errors.js";
import { Pause } from "./pause.js";
import { ping } from "./ping.js";
import type { Tunnel } from "./tunnel.js";

/** An open tunnel under watch: pings it, and remembers what it said of itself. */
export class Link {
  readonly tunnel: Tunnel;
  /** Cut short by a hint from the tunnel. */
  readonly pause = new Pause();
  /** The tunnel's own account of its failure; clearer than what a ping sees. */
  failure: TunnelError | undefined;
  readonly #secret: string;
  readonly #pingLimitMs: number;
  /** The origin through which the first ping arrived. */
  #confirmed: string | undefined;

  constructor(tunnel: Tunnel, secret: string, pingLimitMs: number) {
    this.tunnel = tunnel;
    this.#secret = secret;
    this.#pingLimitMs = pingLimitMs;
    tunnel.onFail?.((error) => {
      if (this.failure) return;
      this.failure = error;
      this.pause.wake();
    });
  }

  /** Public origin: the one that a ping confirmed, or the first candidate. */
  get url(): string {
    return this.#confirmed ?? this.tunnel.url;
  }

  /** The round trip in ms, or what went wrong. */
  async ping(signal: AbortSignal): Promise<number | TunnelError> {
    try {
      const ms = await this.#first(signal);
      this.failure = undefined;
      return ms;
    } catch (error) {
      return this.failure ?? (error as TunnelError);
    }
  }

  /** Pings the confirmed origin, or all candidates in parallel, https before http. The first that responds is the tunnel's. */
  async #first(signal: AbortSignal): Promise<number> {
    const urls = this.#confirmed === undefined ? (this.tunnel.urls ?? [this.tunnel.url]) : [this.#confirmed];
    const secure = urls.filter((url) => url.startsWith("https:"));
    const plain = urls.filter((url) => !url.startsWith("https:"));
    const failures: TunnelError[] = [];
    for (const group of [secure, plain]) {
      const settled = new AbortController();
      const one = async (url: string) => {
        const options = { url, secret: this.#secret, timeoutMs: this.#pingLimitMs };
        const { ms } = await ping({ ...options, signal: AbortSignal.any([signal, settled.signal]) });
        this.#confirmed ??= url;
        return ms;
      };
      try {
        return await Promise.any(group.map(one));
      } catch (error) {
        failures.push(...(error as AggregateError).errors);
      } finally {
        settled.abort();
      }
    }
    throw failures.length === 1 ? failures[0] : noneOf(urls, failures);
  }
}

function noneOf(urls: readonly string[], [first]: TunnelError[]): TunnelError {
  const message = `no address that the tunnel program printed forwards requests to this machine: ${urls.join(", ")}; the local URL still works`;
  return new TunnelError("tunnel_silent", message, { cause: first });
}
