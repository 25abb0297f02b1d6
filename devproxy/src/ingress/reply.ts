import type { IncomingMessage, ServerResponse } from "node:http";
import type { Answer } from "./attempt.js";
import { endToEndHeaders } from "./headers.js";

/** Hands the app's answer to the sender. */
export function sendAnswer(
  request: IncomingMessage,
  response: ServerResponse,
  { status, headers, body }: Answer,
): void {
  if (response.destroyed) return;
  const own = endToEndHeaders(headers);
  const hasNoBody = status === 204 || status === 304 || request.method === "HEAD";
  try {
    response.writeHead(status, hasNoBody ? own : { ...own, "content-length": body.length });
  } catch {
    // A header that Node reads, yet refuses to write; the status is what matters to the sender.
    response.writeHead(status, hasNoBody ? {} : { "content-length": body.length });
  }
  response.end(hasNoBody ? undefined : body);
}

/** A refusal of our own. */
export function sendError(response: ServerResponse, status: number, code: string, message: string): void {
  if (response.destroyed || response.headersSent) return;
  response.writeHead(status, { "content-type": "application/json", connection: "close" });
  response.end(JSON.stringify({ error: { code, message } }));
}
