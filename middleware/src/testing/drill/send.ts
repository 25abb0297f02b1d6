import { request as httpRequest, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";

/** A request that a drill sends. */
export interface DrillRequest {
  readonly method: "POST";
  readonly url: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** Sent byte for byte. */
  readonly body: Buffer;
}

/** The response to a request. */
export interface DrillResponse {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/**
 * Sends a request over the network.
 * @param signal ends the request
 * @returns the response, also one that arrives before the whole body is sent
 * @throws the error of the connection, if there is no response
 */
export function sendOverHttp(
  { method, url, headers, body }: DrillRequest,
  signal: AbortSignal,
): Promise<DrillResponse> {
  const start = url.startsWith("https:") ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    const outgoing = start(url, {
      method,
      headers: { ...headers, "content-length": body.length },
      agent: false,
      signal,
    });
    // The server may close the connection after it has rejected a body, before it has read all of it.
    outgoing.on("error", reject);
    outgoing.on("response", (response: IncomingMessage) => {
      const finish = () => resolve({ status: response.statusCode ?? 0, headers: response.headers });
      response.on("error", finish).on("close", finish).resume();
    });
    outgoing.end(body);
  });
}
