const TEXTS: Record<string, string> = {
  ECONNREFUSED: "connection refused",
  ECONNRESET: "connection closed without a response",
  EPIPE: "connection closed without a response",
  ENOTFOUND: "unknown host",
  EAI_AGAIN: "host name lookup failed",
  EHOSTUNREACH: "host unreachable",
  ENETUNREACH: "network unreachable",
  ETIMEDOUT: "no response",
};

/** What an error code of a connection means, such as `connection refused` for `ECONNREFUSED`; `undefined` for other codes. */
export function connectionErrorText(code: string): string | undefined {
  return TEXTS[code];
}
