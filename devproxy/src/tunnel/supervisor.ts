import { performance } from "node:perf_hooks";
import { DoublingWait, reopenDelayMs } from "./backoff.js";
import { TunnelError, toTunnelError } from "./errors.js";
import { MonitoredTunnel } from "./monitored-tunnel.js";
import { pause } from "./pause.js";
import type { PidFile } from "./pid-file.js";
import { pushPath } from "./ping.js";
import type { TunnelState, TunnelStatus } from "./status.js";
import type { TunnelTiming } from "./timing.js";
import { DEFAULT_TIMING } from "./timing.js";
import type { Tunnel, TunnelProvider } from "./tunnel.js";

export interface SupervisorOptions {
  provider: TunnelProvider;
  /** Port on 127.0.0.1 where the ingress receives pushes and pings. */
  port: number;
  /** The secret in the path of the public URL. It also signs the responses to pings. */
  secret: string;
  /** Name to request. Default: the provider's choice. */
  subdomain?: string;
  /** The file that identifies a running tunnel program, so that the next start can kill it if it was left running. */
  pidFile?: PidFile;
  /** Called for each change of the status. Errors that it throws are ignored. */
  onState?(status: TunnelStatus): void;
  /** Overrides the default intervals. */
  timing?: Partial<TunnelTiming>;
}

/**
 * Keeps a tunnel open in the background. Reports it as up only after a successful ping through the public URL. Errors are reported to
 * `onState`. The supervisor does not keep the process running.
 * @example
 * const tunnel = new TunnelSupervisor({ provider: parseTunnel("localtunnel"), port, secret, onState: console.log });
 * tunnel.start();
 * const publicUrl = await tunnel.ready();
 */
export class TunnelSupervisor {
  readonly #options: SupervisorOptions;
  readonly #timing: TunnelTiming;
  readonly #stop = new AbortController();
  readonly #closing = new Set<Promise<void>>();
  readonly #onSettled = new Set<() => void>();
  #status: TunnelStatus = { state: "off", url: null };
  #pingMs: number | undefined;
  /** Whether the last reported URL does not have the requested name. */
  #hasOtherName = false;
  /** Why the tunnel that is being opened is not up yet. */
  #pendingReason: TunnelError | undefined;
  #running: Promise<void> | undefined;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#timing = { ...DEFAULT_TIMING, ...options.timing };
  }

  get status(): TunnelStatus {
    return this.#status;
  }

  /** Round trip of the last successful ping in ms. */
  get pingMs(): number | undefined {
    return this.#pingMs;
  }

  /** Starts in the background. Does nothing with the provider `none`. */
  start(): void {
    if (this.#running || this.#stop.signal.aborted || this.#options.provider.kind === "none") return;
    this.#running = this.#run();
  }

  /**
   * Waits until the tunnel is reported as up or down, for at most `timeoutMs` (default: 10000).
   * @returns the public URL, or `null` if the tunnel is not up
   */
  async ready(timeoutMs = 10_000): Promise<string | null> {
    if (this.#status.state === "connecting") {
      const waiting = new AbortController();
      const settled = () => waiting.abort();
      this.#onSettled.add(settled);
      await pause(timeoutMs, waiting.signal);
      this.#onSettled.delete(settled);
    }
    return this.#status.state === "up" ? this.#status.url : null;
  }

  /** Closes the tunnel; resolves when it is closed. */
  async close(): Promise<void> {
    this.#stop.abort();
    await this.#running;
    await Promise.all(this.#closing);
    if (this.#status.state !== "off") this.#report("off");
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    this.#report("connecting");
    void pause(this.#timing.reportPendingAfterMs, signal).then(() => this.#reportPending());
    for (let failures = 0; !signal.aborted; failures++) {
      const startedAt = performance.now();
      try {
        for (let monitored: MonitoredTunnel | undefined = await this.#open({}); monitored; ) {
          failures = 0;
          this.#reportUp(monitored);
          const next: MonitoredTunnel | undefined = await this.#watch(monitored);
          this.#close(monitored.tunnel, next ? this.#timing.handoverMs : 0);
          monitored = next;
        }
      } catch (error) {
        this.#reportDown(toTunnelError(error));
      }
      await pause(reopenDelayMs(failures, performance.now() - startedAt, this.#timing), signal);
      if (this.#status.state === "down") this.#report("reopening", this.#status.url);
    }
  }

  /** Opens a tunnel, and pings it until a ping succeeds. */
  async #open({ exactName = false, signal = this.#stop.signal }): Promise<MonitoredTunnel> {
    const { provider, port, secret, subdomain, pidFile } = this.#options;
    const name = subdomain === undefined ? {} : { subdomain };
    this.#pendingReason = new TunnelError("tunnel_timeout", provider.pendingMessage ?? "the tunnel is not open yet");
    const timeoutMs = provider.openTimeoutMs;
    const tunnel = await provider.open({ port, ...name, exactName, signal, timeoutMs, ...(pidFile && { pidFile }) });
    const monitored = new MonitoredTunnel(tunnel, secret, this.#timing.pingTimeoutMs);
    this.#pendingReason = new TunnelError("tunnel_silent", `the public URL ${tunnel.url} does not respond yet`);
    const deadline = performance.now() + provider.firstPingTimeoutMs;
    for (;;) {
      const result = await monitored.ping(signal);
      if (typeof result === "number") {
        this.#pingMs = result;
        return monitored;
      }
      if (signal.aborted || monitored.failure || performance.now() + this.#timing.pingRetryMs >= deadline) {
        await tunnel.close();
        throw result;
      }
      await pause(this.#timing.pingRetryMs, signal);
    }
  }

  /**
   * Pings a tunnel at intervals, until two pings in a row fail or the supervisor is closed. Reports the failure.
   * @returns a tunnel with the requested name, if one could be opened meanwhile
   */
  async #watch(monitored: MonitoredTunnel): Promise<MonitoredTunnel | undefined> {
    const { signal } = this.#stop;
    const ended = new AbortController();
    let successor: MonitoredTunnel | undefined;
    const reclaimWait = new DoublingWait(this.#timing.reclaimMs, this.#timing.maxReclaimMs);
    if (monitored.tunnel.takenName !== undefined) {
      void this.#reclaim(reclaimWait, ended.signal).then((found) => {
        successor = found;
        if (found && ended.signal.aborted) this.#close(found.tunnel, 0);
        monitored.pause.wake();
      });
    }
    try {
      for (let misses = 0; ; ) {
        await monitored.pause.wait(misses ? this.#timing.pingRetryMs : this.#timing.pingIntervalMs, signal);
        if (signal.aborted || successor) return successor;
        const result = await monitored.ping(signal);
        if (signal.aborted || successor) return successor;
        if (typeof result === "number") {
          this.#pingMs = result;
          // During the outage, the client that used the requested name may have lost it.
          if (misses > 0) reclaimWait.restart();
          misses = 0;
        } else if (++misses === 2) {
          this.#reportDown(result);
          return undefined;
        }
      }
    } finally {
      ended.abort();
    }
  }

  /** Requests the taken name repeatedly, until a tunnel with it is open. */
  async #reclaim(reclaimWait: DoublingWait, signal: AbortSignal): Promise<MonitoredTunnel | undefined> {
    for (;;) {
      await reclaimWait.wait(signal);
      if (signal.aborted) return undefined;
      const found = await this.#open({ exactName: true, signal }).catch(toTunnelError);
      if (found instanceof MonitoredTunnel) return found;
      // The request has waited for the whole timeout, so the next one follows after the shortest wait.
      if (found.code === "tunnel_timeout") reclaimWait.restart();
    }
  }

  /** Closes a tunnel after a delay. */
  #close(tunnel: Tunnel, afterMs: number): void {
    const closing = pause(afterMs, this.#stop.signal)
      .then(() => tunnel.close())
      .finally(() => this.#closing.delete(closing));
    this.#closing.add(closing);
  }

  #reportUp({ tunnel, url: origin }: MonitoredTunnel): void {
    const url = origin + pushPath(this.#options.secret);
    const isBack = this.#hasOtherName;
    this.#hasOtherName = tunnel.takenName !== undefined;
    if (tunnel.takenName === undefined) {
      this.#report("up", url, undefined, isBack);
      return;
    }
    const message = `give Airudder this URL: the name ${tunnel.takenName} is taken; the proxy requests it again until it is free`;
    this.#report("up", url, new TunnelError("tunnel_name_taken", message));
  }

  /** Reports the first tunnel as down, with the reason, if it is still being opened. */
  #reportPending(): void {
    if (this.#status.state === "connecting") this.#report("down", null, this.#pendingReason);
  }

  /** Reports consecutive failures with the same code once. */
  #reportDown(error: TunnelError): void {
    if (this.#status.state === "reopening" && this.#status.error?.code === error.code) return;
    this.#report("down", this.#status.url, error);
  }

  #report(state: TunnelState, url: string | null = null, error?: TunnelError, requestedNameIsBack = false): void {
    if (this.#stop.signal.aborted && state !== "off") return;
    const reason = state === "reopening" ? this.#status.error : error;
    this.#status = {
      state,
      url,
      ...(reason && { error: reason }),
      ...(requestedNameIsBack && { requestedNameIsBack: true as const }),
    };
    if (state === "up" || state === "down" || state === "off") for (const settled of this.#onSettled) settled();
    try {
      this.#options.onState?.(this.#status);
    } catch {
      // An error of the listener must not end the tunnel.
    }
  }
}
