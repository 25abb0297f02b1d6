import { type ClientRequest, request as httpRequest, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import type { LookupFunction } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

const PART_BYTES = 256 * 1024;
const PART_INTERVAL_MS = 5;
/** Time between the headers and a large body, ms. */
const HEAD_INTERVAL_MS = 20;
/** Characters of a response's body that are kept. */
const MAX_KEPT_LENGTH = 4_096;

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
  /** The beginning of the body. It may contain the code of an error. Default: none. */
  readonly body?: string;
}

/**
 * Sends a request over the network.
 * @param signal ends the request
 * @param lookup resolves the host name
 * @returns the response, also one that arrives before the whole body is sent
 * @throws the error of the connection, if there is no response, or if a response with a 2xx ends too early
 */
export function sendOverHttp(
  { method, url, headers, body }: DrillRequest,
  signal: AbortSignal,
  lookup?: LookupFunction,
): Promise<DrillResponse> {
  const start = url.startsWith("https:") ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    const outgoing = start(url, {
      method,
      // With "close", a server may reset the connection after its response, and the response may be lost.
      headers: { ...headers, connection: "keep-alive", "content-length": body.length },
      agent: false,
      signal,
      lookup,
    });
    let hasResponse = false;
    outgoing.on("error", reject);
    outgoing.on("response", (response: IncomingMessage) => {
      hasResponse = true;
      const status = response.statusCode ?? 0;
      let kept = "";
      response.setEncoding("latin1").on("data", (text: string) => {
        if (kept.length < MAX_KEPT_LENGTH) kept += text;
      });
      const finish = () => {
        // An app may reject a large body and close the connection before its response is read.
        if (!response.complete && (status < 300 || signal.aborted))
          reject(Object.assign(new Error("The response ended too early."), { code: "INCOMPLETE_RESPONSE" }));
        resolve({ status, headers: response.headers, body: kept });
        outgoing.destroy();
      };
      response.on("error", finish).on("end", finish).on("close", finish);
    });
    void writeBody(outgoing, body, () => hasResponse || outgoing.destroyed);
  });
}

/**
 * Writes a large body in parts, after a short wait. A server may respond and close the connection before it has read the body. The
 * response may be lost if more was written by then.
 */
async function writeBody(outgoing: ClientRequest, body: Buffer, isDone: () => boolean): Promise<void> {
  if (body.length > PART_BYTES) {
    outgoing.flushHeaders();
    await sleep(HEAD_INTERVAL_MS);
  }
  for (let start = 0; !isDone() && start + PART_BYTES < body.length; start += PART_BYTES) {
    outgoing.write(body.subarray(start, start + PART_BYTES));
    await sleep(PART_INTERVAL_MS);
  }
  if (!isDone()) outgoing.end(body.subarray(Math.max(0, Math.ceil(body.length / PART_BYTES) - 1) * PART_BYTES));
}
