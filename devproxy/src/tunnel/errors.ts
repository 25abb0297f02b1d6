/** What went wrong with a tunnel; stable, so that programs can act on it. */
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

/** What a {@link TunnelError} is based on. */
export interface TunnelEvidence {
  /** HTTP status that the other side answered. */
  status?: number;
  /** What was seen: the start of an answer, or the last line that a program printed. */
  evidence?: string;
  cause?: unknown;
}

/**
 * A tunnel that cannot be opened, does not carry requests, or was asked for wrongly.
 * The message is one line: what, where, how to fix.
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

const REASONS: Record<string, string> = {
  ECONNREFUSED: "connection refused",
  ECONNRESET: "connection closed without an answer",
  EHOSTUNREACH: "no route to it",
  ENETUNREACH: "no network",
  ENOTFOUND: "its name does not resolve",
  EAI_AGAIN: "its name does not resolve: no network?",
  EPIPE: "connection closed without an answer",
  ETIMEDOUT: "no answer",
};

/** The reason of a failed request in a few words. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = (error as NodeJS.ErrnoException).code;
  return (code && REASONS[code]) || error.message || code || error.name;
}

/** Anything thrown, as a {@link TunnelError}. */
export function toTunnelError(error: unknown): TunnelError {
  if (error instanceof TunnelError) return error;
  return new TunnelError("tunnel_unreachable", `the tunnel failed: ${reasonOf(error)}`, { cause: error });
}
