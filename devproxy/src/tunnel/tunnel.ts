import type { TunnelKind } from "../config/index.js";
import type { TunnelError } from "./errors.js";
import type { PidFile } from "./pid-file.js";

/** How to open a tunnel. */
export interface OpenOptions {
  /** Port on 127.0.0.1 to forward requests to. */
  port: number;
  /** Name to request. Ignored by providers without names. */
  subdomain?: string;
  /** Whether to fail with `tunnel_name_taken` if only another name is available. Default: false. */
  exactName?: boolean;
  /** Cancels `open`, which then rejects with `tunnel_closed`. */
  signal?: AbortSignal;
  /** Time limit to open the tunnel, in ms. Default: the provider's `openTimeoutMs`. */
  timeoutMs?: number;
  /** The file that identifies a running tunnel program. */
  pidFile?: PidFile;
}

/** An open tunnel. Whether it forwards requests is known only after a ping through `url`. */
export interface Tunnel {
  /** Public origin, without a trailing slash. */
  readonly url: string;
  /** Candidates for the public origin, best first; `url` is the first. More may be added later. A ping shows which one works. */
  readonly urls?: readonly string[];
  /** The requested name, if it was taken and the tunnel has another one. */
  readonly takenName?: string;
  /** Closes the tunnel. May be called more than once. Never fails. */
  close(): Promise<void>;
  /** Calls `listener` if the tunnel is probably broken. The supervisor then pings it. */
  onFail?(listener: (error: TunnelError) => void): void;
}

/** A program that must be installed. */
export interface RequiredProgram {
  name: string;
  /** How to install it. */
  install: string;
  /** Its path on this machine; `undefined` if it is not installed. */
  find(): string | undefined;
}

/** Opens tunnels of one kind. */
export interface TunnelProvider {
  readonly kind: TunnelKind;
  /** Time limit to open a tunnel, in ms. */
  readonly openTimeoutMs: number;
  /** Time limit for the first successful ping of a new tunnel, in ms. 0: a single ping. */
  readonly firstPingTimeoutMs: number;
  /** The URL of the tunnel server, if it is known. */
  readonly server?: string;
  /** The program that must be installed on this machine. */
  readonly program?: RequiredProgram;
  /** The message to report if a tunnel takes a long time to open. */
  readonly pendingMessage?: string;
  /**
   * Opens a tunnel. Settles at most a few seconds after `timeoutMs`, or soon after `signal` is aborted.
   * @throws {TunnelError}
   */
  open(options: OpenOptions): Promise<Tunnel>;
}
