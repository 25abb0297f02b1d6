import type { AppResponse } from "./attempt.js";

/** Errors before anything was sent: nothing listens there, or it cannot be reached. */
const NOT_REACHED = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "EADDRNOTAVAIL",
  "ENOENT",
  "EMFILE",
  "ENFILE",
]);

const WORDS: Record<string, string> = {
  ECONNREFUSED: "connection refused",
  ECONNRESET: "the app closed the connection without an answer",
  EPIPE: "the app closed the connection without an answer",
  ENOTFOUND: "unknown host",
  EAI_AGAIN: "host name lookup failed",
  EHOSTUNREACH: "host unreachable",
  ENETUNREACH: "network unreachable",
  ETIMEDOUT: "connection timed out",
};

/** Why a delivery got no answer. */
export interface Failure {
  /** One line. */
  error: string;
  /** Whether the app may have seen the push. */
  reached: boolean;
}

/** What a connection's error means. */
export function describeFailure(error: unknown, host: string): Failure {
  const { code = "", message, syscall } = error as NodeJS.ErrnoException;
  const reached = !NOT_REACHED.has(code) && !(code === "ETIMEDOUT" && syscall === "connect");
  if (code.startsWith("HPE_")) return { error: `the answer of ${host} is not HTTP (${code})`, reached };
  const words = WORDS[code] ?? (message || code || "unknown error");
  return { error: `${words} (${host}${code && WORDS[code] ? `, ${code}` : ""})`, reached };
}

/** Our answer to the sender where the app gave none: it is down, or it broke the answer. */
export function gatewayError({ error, reached }: Partial<Failure>): AppResponse {
  const [code, message] = reached
    ? ["answer_broken", `The app accepts connections, yet gave no whole answer: ${error}`]
    : ["app_down", `The app is down: ${error}`];
  const body = JSON.stringify({ error: { code, message } });
  return { status: 502, headers: { "content-type": "application/json" }, body: Buffer.from(body) };
}
