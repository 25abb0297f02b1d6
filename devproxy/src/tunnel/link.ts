import type { TunnelError } from "./errors.js";
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

  /** The round trip in ms, or what went wrong. */
  async ping(signal: AbortSignal): Promise<number | TunnelError> {
    const options = { url: this.tunnel.url, secret: this.#secret, timeoutMs: this.#pingLimitMs, signal };
    try {
      const { ms } = await ping(options);
      this.failure = undefined;
      return ms;
    } catch (error) {
      return this.failure ?? (error as TunnelError);
    }
  }
}
