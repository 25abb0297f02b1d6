import type { TunnelError } from "./errors.js";
import type { ProgramRecord } from "./program-record.js";

/** What a tunnel is opened for. */
export interface OpenOptions {
  /** Port on 127.0.0.1 that requests are to be brought to. */
  port: number;
  /** Name to ask for. A provider without names ignores it. */
  subdomain?: string;
  /** With `true`, another name than the one asked for is an error (`tunnel_name_taken`). Default: false. */
  exactName?: boolean;
  /** Gives the opening up; the promise is then rejected with `tunnel_closed`. */
  signal?: AbortSignal;
  /** Maximum time for the opening, in ms. Default: the provider's `openLimitMs`. */
  timeoutMs?: number;
  /** Where to note a program that is started. */
  record?: ProgramRecord;
}

/** An open tunnel. That it is open does not mean that it carries requests: only a ping through `url` shows that. */
export interface Tunnel {
  /** Public origin, without a slash at the end. */
  readonly url: string;
  /** Candidates for its public origin, best first: a ping finds the right one. More may follow. `url` is the first. */
  readonly urls?: readonly string[];
  /** The name that was asked for, when another one was given. */
  readonly missedName?: string;
  /** Ends it at once. May be called more than once; never fails. */
  close(): Promise<void>;
  /** Calls `listener` when the tunnel has a reason to believe that it is broken. Only a hint: worth a ping. */
  onFail?(listener: (error: TunnelError) => void): void;
}

/** A program that must be installed. */
export interface NeededProgram {
  name: string;
  /** How to install it. */
  install: string;
  /** Its path on this machine; `undefined` if it is not installed. */
  find(): string | undefined;
}

/** A way to a public URL. */
export interface TunnelProvider {
  readonly kind: "localtunnel" | "cloudflared" | "ngrok" | "ssh" | "url" | "command" | "none";
  /** Time limit of an opening in ms. */
  readonly openLimitMs: number;
  /** How long a fresh tunnel may take until the first ping passes, in ms; 0: one ping decides. */
  readonly settleLimitMs: number;
  /** The address of the tunnel server, if it is known. */
  readonly server?: string;
  /** The program that it needs on this machine. */
  readonly program?: NeededProgram;
  /** What there is to say while an opening takes long. */
  readonly notOpenYet?: string;
  /**
   * Opens a tunnel. Always settles, within some seconds of the time limit or soon after the signal.
   * @throws {TunnelError}
   */
  open(options: OpenOptions): Promise<Tunnel>;
}
