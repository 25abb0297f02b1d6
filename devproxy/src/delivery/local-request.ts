import { IncomingMessage, ServerResponse } from "node:http";
import { Socket } from "node:net";
import type { HeaderMap } from "airudder-webhooks/journal";

/**
 * A request without a connection, so that one middleware serves live, queued and replayed pushes alike, and a sender that hangs up
 * does not end a delivery.
 */
export function makeRequest(method: string, url: string, headers: HeaderMap, body: Buffer): IncomingMessage {
  const request = new IncomingMessage(new Socket());
  request.method = method;
  request.url = url;
  request.httpVersion = "1.1";
  request.httpVersionMajor = 1;
  request.httpVersionMinor = 1;
  request.headers = headers;
  request.complete = true;
  request.push(body);
  request.push(null);
  return request;
}

/** The response that belongs to such a request; nothing is written to it. */
export function makeResponse(request: IncomingMessage): ServerResponse {
  return new ServerResponse(request);
}
