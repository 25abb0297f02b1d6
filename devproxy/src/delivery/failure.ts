import { connectionErrorText } from "../http/index.js";
import type { AppResponse } from "./attempt.js";

/** Codes of errors that occur before anything is sent. */
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

/** Why a delivery got no response. */
export interface Failure {
  /** The cause, on one line. */
  error: string;
  /** Whether the app may have received the push. */
  reached: boolean;
}

/** Describes the error of a connection to the app. */
export function describeFailure(error: unknown, host: string): Failure {
  const { code = "", message, syscall } = error as NodeJS.ErrnoException;
  const reached = !NOT_REACHED.has(code) && !(code === "ETIMEDOUT" && syscall === "connect");
  if (code.startsWith("HPE_")) return { error: `the response of ${host} is not HTTP (${code})`, reached };
  const text = connectionErrorText(code);
  if (text !== undefined) return { error: `${text} (${host}, ${code})`, reached };
  return { error: `${message || code || "unknown error"} (${host})`, reached };
}

/** The 502 response to the sender: `answer_broken` if the app may have received the push, otherwise `app_down`. */
export function gatewayError({ error, reached }: Partial<Failure>): AppResponse {
  const [code, message] = reached
    ? ["answer_broken", `The app accepts connections, but did not send a complete response: ${error}`]
    : ["app_down", `The app is down: ${error}`];
  const body = JSON.stringify({ error: { code, message } });
  return { status: 502, headers: { "content-type": "application/json" }, body: Buffer.from(body) };
}
