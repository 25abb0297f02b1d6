import type { IncomingMessage, ServerResponse } from "node:http";
import type { AppResponse } from "../delivery/index.js";
import { endToEndHeaders } from "../http/index.js";

/** Sends the response of the app to the sender of a push. If the response was truncated, sends 502 instead. */
export function sendResponse(
  request: IncomingMessage,
  response: ServerResponse,
  { status, headers, body, isTruncated }: AppResponse,
): void {
  if (response.destroyed) return;
  if (isTruncated) {
    const message = `The app responded ${status} with a body that exceeds the maximum size.`;
    sendError(response, 502, "response_too_large", message);
    return;
  }
  const forwarded = endToEndHeaders(headers);
  const hasNoBody = status === 204 || status === 304 || request.method === "HEAD";
  try {
    response.writeHead(status, hasNoBody ? forwarded : { ...forwarded, "content-length": body.length });
  } catch {
    // Node.js accepts some headers from the app that it refuses to send. The sender needs only the status.
    response.writeHead(status, hasNoBody ? {} : { "content-length": body.length });
  }
  response.end(hasNoBody ? undefined : body);
}

/** Maximum time to read the rest of a rejected body. */
const DISCARD_TIMEOUT_MS = 2_000;

/** Rejects a request. Discards the rest of its body: many senders read the response only after they have sent everything. */
export function sendError(response: ServerResponse, status: number, code: string, message: string): void {
  if (response.destroyed || response.headersSent) return;
  const body = JSON.stringify({ error: { code, message } });
  response.writeHead(status, { "content-type": "application/json", "content-length": Buffer.byteLength(body) });
  response.end(body);
  if (!response.req.complete) discardRest(response.req);
}

/** Discards the rest of a body. Closes the connection if the body does not end in time. */
function discardRest(request: IncomingMessage): void {
  const timer = setTimeout(() => request.destroy(), DISCARD_TIMEOUT_MS);
  timer.unref();
  const end = () => clearTimeout(timer);
  request.once("end", end).once("close", end).resume();
}
