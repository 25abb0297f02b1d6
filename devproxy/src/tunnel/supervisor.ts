import { performance } from "node:perf_hooks";
import { DoublingWait } from "./doubling-wait.js";
import { TunnelError, toTunnelError } from "./errors.js";
import { Link } from "./link.js";
import { pause } from "./pause.js";
import { pushPath } from "./ping.js";
import type { ProgramRecord } from "./program-record.js";
import type { TunnelState, TunnelStatus } from "./status.js";
import type { TunnelTiming } from "./timing.js";
import { reopenAfter, TIMING } from "./timing.js";
import type { Tunnel, TunnelProvider } from "./tunnel.js";

export interface SupervisorOptions {
  provider: TunnelProvider;
  /** Port on 127.0.0.1 where the ingress answers pushes and pings. */
  port: number;
  /** The ingress's secret; signs the pings. */
  secret: string;
  /** Name to ask for. Default: the provider's choice. */
  subdomain?: string;
  /** Where tunnel programs are noted, so that the next start can end a program that was left behind. */
  record?: ProgramRecord;
  /** Called for every change. Errors that it throws are ignored. */
  onState?(status: TunnelStatus): void;
  /** Other intervals than the defaults; for tests. */
  timing?: Partial<TunnelTiming>;
}

/**
 * Keeps a tunnel open, and never believes it without a ping through the public URL. Works in the background:
 * nothing here blocks, throws, or holds the process.
 * @example
 * const tunnel = new TunnelSupervisor({ provider: parseTunnel("localtunnel"), port, secret, onState: console.log });
 * tunnel.start();
 * const publicUrl = await tunnel.ready();
 */
export class TunnelSupervisor {
  readonly #options: SupervisorOptions;
  readonly #timing: TunnelTiming;
  readonly #stop = new AbortController();
  readonly #leaving = new Set<Promise<void>>();
  readonly #waiting = new Set<() => void>();
  #status: TunnelStatus = { state: "off", url: null };
  #pingMs: number | undefined;
  /** Whether the last reported URL has another name than requested. */
  #hasOtherName = false;
  /** Why it is not up yet. */
  #notYet: TunnelError | undefined;
  #running: Promise<void> | undefined;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#timing = { ...TIMING, ...options.timing };
  }

  get status(): TunnelStatus {
    return this.#status;
  }

  /** Round trip of the last good ping in ms. */
  get pingMs(): number | undefined {
    return this.#pingMs;
  }

  /** Begins; returns at once. With the provider `none` nothing happens. */
  start(): void {
    if (this.#running || this.#stop.signal.aborted || this.#options.provider.kind === "none") return;
    this.#running = this.#run();
  }

  /** The public URL once the tunnel is up; null when it failed first, there is none, or `limitMs` (default: 10000) has passed. */
  async ready(limitMs = 10_000): Promise<string | null> {
    if (this.#status.state === "connecting") {
      const limit = new AbortController();
      const settled = () => limit.abort();
      this.#waiting.add(settled);
      await pause(limitMs, limit.signal);
      this.#waiting.delete(settled);
    }
    return this.#status.state === "up" ? this.#status.url : null;
  }

  /** Ends everything at once; resolves when it has ended. */
  async close(): Promise<void> {
    this.#stop.abort();
    await this.#running;
    await Promise.all(this.#leaving);
    if (this.#status.state !== "off") this.#report("off");
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    this.#report("connecting");
    void pause(this.#timing.admitAfterMs, signal).then(() => this.#admit());
    for (let failures = 0; !signal.aborted; failures++) {
      const begun = performance.now();
      try {
        for (let link: Link | undefined = await this.#open({}); link; ) {
          failures = 0;
          this.#reportUp(link);
          const next: Link | undefined = await this.#watch(link);
          this.#leave(link.tunnel, next ? this.#timing.handoverMs : 0);
          link = next;
        }
      } catch (error) {
        this.#reportDown(toTunnelError(error));
      }
      await pause(reopenAfter(failures, performance.now() - begun, this.#timing), signal);
      if (this.#status.state === "down") this.#report("reopening", this.#status.url);
    }
  }

  /** Opens a tunnel and sees the first ping through it. */
  async #open({ exactName = false, signal = this.#stop.signal }): Promise<Link> {
    const { provider, port, secret, subdomain, record } = this.#options;
    const name = subdomain === undefined ? {} : { subdomain };
    this.#notYet = new TunnelError("tunnel_timeout", provider.notOpenYet ?? "the tunnel is not open yet");
    const timeoutMs = provider.openLimitMs;
    const tunnel = await provider.open({ port, ...name, exactName, signal, timeoutMs, ...(record && { record }) });
    const link = new Link(tunnel, secret, this.#timing.pingLimitMs);
    this.#notYet = new TunnelError("tunnel_silent", `the public URL ${tunnel.url} does not answer yet`);
    const deadline = performance.now() + provider.settleLimitMs;
    for (;;) {
      const seen = await link.ping(signal);
      if (typeof seen === "number") {
        this.#pingMs = seen;
        return link;
      }
      if (signal.aborted || link.failure || performance.now() + this.#timing.confirmAfterMs >= deadline) {
        await tunnel.close();
        throw seen;
      }
      await pause(this.#timing.confirmAfterMs, signal);
    }
  }

  /** Pings until the tunnel is dead (reported, undefined), another one takes over (that one), or all is closed. */
  async #watch(link: Link): Promise<Link | undefined> {
    const { signal } = this.#stop;
    const ended = new AbortController();
    const wake = () => link.pause.wake();
    signal.addEventListener("abort", wake, { once: true });
    if (signal.aborted) wake();
    let successor: Link | undefined;
    const nextAsk = new DoublingWait(this.#timing.reclaimMs, this.#timing.reclaimCapMs);
    if (link.tunnel.missedName !== undefined) {
      void this.#reclaim(nextAsk, ended.signal).then((found) => {
        successor = found;
        if (found && ended.signal.aborted) this.#leave(found.tunnel, 0);
        wake();
      });
    }
    try {
      for (let misses = 0; ; ) {
        await link.pause.wait(misses ? this.#timing.confirmAfterMs : this.#timing.pingEveryMs);
        if (signal.aborted || successor) return successor;
        const seen = await link.ping(signal);
        if (signal.aborted || successor) return successor;
        if (typeof seen === "number") {
          this.#pingMs = seen;
          // During its outage, the server may have dropped the client that uses the own name.
          if (misses > 0) nextAsk.restart();
          misses = 0;
        } else if (++misses === 2) {
          this.#reportDown(seen);
          return undefined;
        }
      }
    } finally {
      ended.abort();
      signal.removeEventListener("abort", wake);
    }
  }

  /** Asks again and again for the name that was not given; resolves with the tunnel that has it. */
  async #reclaim(nextAsk: DoublingWait, signal: AbortSignal): Promise<Link | undefined> {
    for (;;) {
      await nextAsk.wait(signal);
      if (signal.aborted) return undefined;
      const found = await this.#open({ exactName: true, signal }).catch(toTunnelError);
      if (found instanceof Link) return found;
      // The server is frozen. This request has waited long enough, so the next one follows soon.
      if (found.code === "tunnel_timeout") nextAsk.restart();
    }
  }

  /** Closes a tunnel that is no longer wanted, later or now. */
  #leave(tunnel: Tunnel, afterMs: number): void {
    const leaving = pause(afterMs, this.#stop.signal)
      .then(() => tunnel.close())
      .finally(() => this.#leaving.delete(leaving));
    this.#leaving.add(leaving);
  }

  #reportUp({ tunnel, url: origin }: Link): void {
    const url = origin + pushPath(this.#options.secret);
    const isBack = this.#hasOtherName;
    this.#hasOtherName = tunnel.missedName !== undefined;
    if (tunnel.missedName === undefined) {
      this.#report("up", url, undefined, isBack);
      return;
    }
    const message = `give Airudder this URL: the name ${tunnel.missedName} is taken, and asked for until it is free`;
    this.#report("up", url, new TunnelError("tunnel_name_taken", message));
  }

  /** A first opening may take long; who waits for it learns in time what it waits for. */
  #admit(): void {
    if (this.#status.state === "connecting") this.#report("down", null, this.#notYet);
  }

  /** Said once for each reason: a server that stays away for an hour is one line. */
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
    if (state === "up" || state === "down" || state === "off") for (const settled of this.#waiting) settled();
    try {
      this.#options.onState?.(this.#status);
    } catch {
      // The listener's trouble must not become the tunnel's.
    }
  }
}
