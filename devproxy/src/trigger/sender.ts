import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import { describeFailure } from "../delivery/index.js";
import { lookup, pathWithQuery, RECORDED_PUSH_HEADER, type RecordedTestPush, readOutcome } from "../http/index.js";
import type { Destination } from "./destination.js";
import type { TestPush } from "./test-push.js";

/** Airudder's time limit for a response, ms. */
export const RESPONSE_TIMEOUT_MS = 10_000;
/** Bytes of a response that are kept. */
const MAX_RESPONSE_BYTES = 1024 * 1024;

/** The response to a test push, or the reason why there is none. */
export interface SendResult {
  /** Absent if there was no complete response. */
  status?: number;
  headers?: Record<string, string | string[] | undefined>;
  /** Up to 1 MB of the body of the response. */
  body?: Buffer;
  /** Why there is no complete response, on one line. */
  error?: string;
  /** Whether the time limit was exceeded. */
  timedOut?: true;
  /** Duration, ms. */
  ms: number;
  /** How the running `listen` recorded the push. */
  recorded?: RecordedTestPush;
  /** The result that the app's receiver reported, if it is one of airudder-webhooks. */
  result?: string;
}

/** Options of {@link TestPushSender}. */
export interface SenderOptions {
  /** Time limit for a response, ms. Default: 10,000, as Airudder's. */
  timeoutMs?: number | undefined;
  /** Maximum number of connections. Default: 64. */
  maxConnections?: number | undefined;
}

/** Sends test pushes as Airudder does: POST, exact bytes, without following redirects. */
export class TestPushSender {
  readonly #agent: HttpAgent;
  readonly #timeoutMs: number;

  constructor(
    private readonly destination: Destination,
    { timeoutMs = RESPONSE_TIMEOUT_MS, maxConnections = 64 }: SenderOptions = {},
  ) {
    // Idle connections end after a second, before an app closes them: a push sent at that moment would get no response.
    const options = { keepAlive: true, timeout: 1_000, maxSockets: maxConnections, lookup };
    this.#agent = destination.url.protocol === "https:" ? new HttpsAgent(options) : new HttpAgent(options);
    this.#timeoutMs = timeoutMs;
  }

  /** Sends a push and waits for the whole response. Never throws: a failure is in `error`. */
  send({ headers, body, query = "" }: TestPush, signal?: AbortSignal): Promise<SendResult> {
    const { url } = this.destination;
    const start = performance.now();
    const ms = () => Math.round((performance.now() - start) * 10) / 10;
    return new Promise((resolve) => {
      const request = url.protocol === "https:" ? httpsRequest : httpRequest;
      let isTimedOut = false;
      const outgoing = request(url, {
        method: "POST",
        path: pathWithQuery(url, query),
        agent: this.#agent,
        headers: { ...headers, ...this.destination.headers, "content-length": body.length },
        signal,
      });
      const timer = setTimeout(() => {
        isTimedOut = true;
        outgoing.destroy();
      }, this.#timeoutMs);
      const finish = (result: Omit<SendResult, "ms">) => {
        clearTimeout(timer);
        resolve({ ...result, ms: ms() });
      };
      const fail = (error: Error) => {
        if (isTimedOut) finish({ error: `no response within ${this.#timeoutMs / 1_000} s`, timedOut: true });
        else finish({ error: signal?.aborted ? "stopped" : describeFailure(error, url.host).error });
      };
      outgoing.on("error", fail);
      outgoing.on("response", (response) => {
        readResponse(response).then((responseBody) => finish(resultOf(response, responseBody)), fail);
      });
      outgoing.end(body);
    });
  }

  /** Ends idle connections. */
  close(): void {
    this.#agent.destroy();
  }
}

/** @throws Error if the response is incomplete */
function readResponse(response: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    response.on("data", (chunk: Buffer) => {
      if (size < MAX_RESPONSE_BYTES) chunks.push(chunk.subarray(0, MAX_RESPONSE_BYTES - size));
      size += chunk.length;
    });
    response.on("end", () => resolve(Buffer.concat(chunks)));
    response.on("error", reject);
    response.on("close", () => {
      if (!response.complete) reject(Object.assign(new Error("incomplete response"), { code: "ECONNRESET" }));
    });
  });
}

function resultOf({ statusCode, headers }: IncomingMessage, body: Buffer): Omit<SendResult, "ms"> {
  const recorded = recordedOf(headers[RECORDED_PUSH_HEADER]);
  const result = recorded?.result ?? readOutcome(headers["airudder-outcome"])?.result;
  return {
    status: statusCode ?? 0,
    headers,
    body,
    ...(recorded === undefined ? {} : { recorded }),
    ...(result === undefined ? {} : { result }),
  };
}

function recordedOf(header: string | string[] | undefined): RecordedTestPush | undefined {
  if (typeof header !== "string") return undefined;
  try {
    return JSON.parse(header) as RecordedTestPush;
  } catch {
    return undefined;
  }
}
