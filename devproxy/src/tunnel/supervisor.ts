import { performance } from "node:perf_hooks";
import { DoublingWait, reopenAfter } from "./backoff.js";
import { TunnelError, toTunnelError } from "./errors.js";
import { MonitoredTunnel } from "./monitored-tunnel.js";
import { pause } from "./pause.js";
import { pushPath } from "./ping.js";
import type { ProgramRecord } from "./program-record.js";
import type { TunnelState, TunnelStatus } from "./status.js";
import type { TunnelTiming } from "./timing.js";
import { TIMING } from "./timing.js";
import type { Tunnel, TunnelProvider } from "./tunnel.js";

export interface SupervisorOptions {
  provider: TunnelProvider;
  /** Port on 127.0.0.1 where the ingress receives pushes and pings. */
  port: number;
  /** The secret of the ingress, which signs the pings. */
  secret: string;
  /** Name to request. Default: the provider's choice. */
  subdomain?: string;
  /** Where to note tunnel programs, so that the next start can end one that was left behind. */
  record?: ProgramRecord;
  /** Called for each change. Errors that it throws are ignored. */
  onState?(status: TunnelStatus): void;
  /** Other intervals than the defaults; for tests. */
  timing?: Partial<TunnelTiming>;
}

/**
 * Keeps a tunnel open. Reports it as up only after a ping through the public URL. Works in the background: it never throws, blocks, or
 * keeps the process running.
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
  /** Whether the last reported URL has another name than requested. */
  #hasOtherName = false;
  /** Why a first tunnel is not up yet. */
  #pendingReason: TunnelError | undefined;
  #running: Promise<void> | undefined;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#timing = { ...TIMING, ...options.timing };
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
   * Waits until the tunnel is up or has failed, at most `limitMs` (default: 10000).
   * @returns the public URL, or `null` if the tunnel is not up
   */
  async ready(limitMs = 10_000): Promise<string | null> {
    if (this.#status.state === "connecting") {
      const limit = new AbortController();
      const settled = () => limit.abort();
      this.#onSettled.add(settled);
      await pause(limitMs, limit.signal);
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
      await pause(reopenAfter(failures, performance.now() - startedAt, this.#timing), signal);
      if (this.#status.state === "down") this.#report("reopening", this.#status.url);
    }
  }

  /** Opens a tunnel, and pings it until a ping succeeds. */
  async #open({ exactName = false, signal = this.#stop.signal }): Promise<MonitoredTunnel> {
    const { provider, port, secret, subdomain, record } = this.#options;
    const name = subdomain === undefined ? {} : { subdomain };
    this.#pendingReason = new TunnelError("tunnel_timeout", provider.notOpenYet ?? "the tunnel is not open yet");
    const timeoutMs = provider.openLimitMs;
    const tunnel = await provider.open({ port, ...name, exactName, signal, timeoutMs, ...(record && { record }) });
    const monitored = new MonitoredTunnel(tunnel, secret, this.#timing.pingLimitMs);
    this.#pendingReason = new TunnelError("tunnel_silent", `the public URL ${tunnel.url} does not respond yet`);
    const deadline = performance.now() + provider.settleLimitMs;
    for (;;) {
      const result = await monitored.ping(signal);
      if (typeof result === "number") {
        this.#pingMs = result;
        return monitored;
      }
      if (signal.aborted || monitored.failure || performance.now() + this.#timing.confirmAfterMs >= deadline) {
        await tunnel.close();
        throw result;
      }
      await pause(this.#timing.confirmAfterMs, signal);
    }
  }

  /**
   * Pings a tunnel at intervals until it fails, which is reported, or the supervisor is closed.
   * @returns the tunnel with the requested name, if one was obtained meanwhile
   */
  async #watch(monitored: MonitoredTunnel): Promise<MonitoredTunnel | undefined> {
    const { signal } = this.#stop;
    const ended = new AbortController();
    let successor: MonitoredTunnel | undefined;
    const reclaimWait = new DoublingWait(this.#timing.reclaimMs, this.#timing.maxReclaimMs);
    if (monitored.tunnel.missedName !== undefined) {
      void this.#reclaim(reclaimWait, ended.signal).then((found) => {
        successor = found;
        if (found && ended.signal.aborted) this.#close(found.tunnel, 0);
        monitored.pause.wake();
      });
    }
    try {
      for (let misses = 0; ; ) {
        await monitored.pause.wait(misses ? this.#timing.confirmAfterMs : this.#timing.pingEveryMs, signal);
        if (signal.aborted || successor) return successor;
        const result = await monitored.ping(signal);
        if (signal.aborted || successor) return successor;
        if (typeof result === "number") {
          this.#pingMs = result;
          // During its outage, the server may have dropped the client that uses the requested name.
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

  /** Requests the name that is taken until a tunnel with it is open. */
  async #reclaim(reclaimWait: DoublingWait, signal: AbortSignal): Promise<MonitoredTunnel | undefined> {
    for (;;) {
      await reclaimWait.wait(signal);
      if (signal.aborted) return undefined;
      const found = await this.#open({ exactName: true, signal }).catch(toTunnelError);
      if (found instanceof MonitoredTunnel) return found;
      // The server is frozen. This request took long enough, so the next one follows soon.
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
    this.#hasOtherName = tunnel.missedName !== undefined;
    if (tunnel.missedName === undefined) {
      this.#report("up", url, undefined, isBack);
      return;
    }
    const message = `give Airudder this URL: the name ${tunnel.missedName} is taken, and requested again until it is free`;
    this.#report("up", url, new TunnelError("tunnel_name_taken", message));
  }

  /** Reports what a first opening waits for if it takes long. */
  #reportPending(): void {
    if (this.#status.state === "connecting") this.#report("down", null, this.#pendingReason);
  }

  /** Reports consecutive failures with the same code once. */
  #reportDown(error: TunnelError): void {
    if (this.#status.state === "reopening" && this.#status.error?.code === error.code) return;
    this.#report("down", this.#status.url, error);
  }

  #report(state: TunnelState, url: string | null = null, error?: TunnelError, ownNameIsBack = false): void {
    if (this.#stop.signal.aborted && state !== "off") return;
    const reason = state === "reopening" ? this.#status.error : error;
    this.#status = {
      state,
      url,
      ...(reason && { error: reason }),
      ...(ownNameIsBack && { ownNameIsBack: true as const }),
    };
    if (state === "up" || state === "down" || state === "off") for (const settled of this.#onSettled) settled();
    try {
      this.#options.onState?.(this.#status);
    } catch {
      // An error of the listener must not end the tunnel.
    }
  }
}
