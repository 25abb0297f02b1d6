import type { TunnelKind } from "../config/index.js";
import type { TunnelError } from "./errors.js";
import type { ProgramRecord } from "./program-record.js";

/** How to open a tunnel. */
export interface OpenOptions {
  /** Port on 127.0.0.1 to forward requests to. */
  port: number;
  /** Name to request. Ignored by providers without names. */
  subdomain?: string;
  /** Whether to fail with `tunnel_name_taken` if only another name is available. Default: false. */
  exactName?: boolean;
  /** Cancels the opening, which then rejects with `tunnel_closed`. */
  signal?: AbortSignal;
  /** Maximum time for the opening, in ms. Default: the provider's `openLimitMs`. */
  timeoutMs?: number;
  /** Where to note a program that is started. */
  record?: ProgramRecord;
}

/** An open tunnel. Whether it forwards requests is known only after a ping through `url`. */
export interface Tunnel {
  /** Public origin, without a slash at the end. */
  readonly url: string;
  /** Candidates for its public origin, best first; `url` is the first. More may be added. A ping shows which one is right. */
  readonly urls?: readonly string[];
  /** The requested name, if the tunnel has another one. */
  readonly missedName?: string;
  /** Closes it. May be called more than once. Never fails. */
  close(): Promise<void>;
  /** Calls `listener` if the tunnel is probably broken. The supervisor then pings it. */
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

/** Opens tunnels of one kind. */
export interface TunnelProvider {
  readonly kind: TunnelKind;
  /** Time limit of an opening in ms. */
  readonly openLimitMs: number;
  /** Time limit for the first successful ping of a new tunnel, in ms. 0: a single ping. */
  readonly settleLimitMs: number;
  /** The address of the tunnel server, if it is known. */
  readonly server?: string;
  /** The program that it needs on this machine. */
  readonly program?: NeededProgram;
  /** What an opening that takes long waits for. */
  readonly notOpenYet?: string;
  /**
   * Opens a tunnel. Settles within some seconds after the time limit, or soon after the signal.
   * @throws {TunnelError}
   */
  open(options: OpenOptions): Promise<Tunnel>;
}
