import { connectionErrorText } from "../http/index.js";

/** Codes of {@link TunnelError}. They are stable. */
export type TunnelErrorCode =
  | "tunnel_unreachable"
  | "tunnel_timeout"
  | "tunnel_refused"
  | "tunnel_not_a_server"
  | "tunnel_name_taken"
  | "tunnel_command_failed"
  | "tunnel_program_missing"
  | "tunnel_bad_address"
  | "tunnel_silent"
  | "tunnel_option"
  | "tunnel_closed";

/** Details of a {@link TunnelError}. */
export interface TunnelEvidence {
  /** HTTP status of the response. */
  status?: number;
  /** Beginning of the response body, or last line of the program's output. */
  evidence?: string;
  cause?: unknown;
}

/**
 * A tunnel cannot be opened, does not forward requests, or was configured wrongly. The message is one line: what happened, where, and
 * how to fix it.
 */
export class TunnelError extends Error {
  override readonly name = "TunnelError";
  readonly code: TunnelErrorCode;
  readonly status?: number;
  readonly evidence?: string;

  constructor(code: TunnelErrorCode, message: string, { status, evidence, cause }: TunnelEvidence = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    if (status !== undefined) this.status = status;
    if (evidence !== undefined) this.evidence = evidence;
  }
}

/** The cause of a failed request in a few words. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code = "" } = error as NodeJS.ErrnoException;
  return connectionErrorText(code) ?? (error.message || code || error.name);
}

/** Wraps any thrown value in a {@link TunnelError}, unless it is one. */
export function toTunnelError(error: unknown): TunnelError {
  if (error instanceof TunnelError) return error;
  return new TunnelError("tunnel_unreachable", `the tunnel failed: ${reasonOf(error)}`, { cause: error });
}
