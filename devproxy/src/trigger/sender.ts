import { type ClientRequest, Agent as HttpAgent, request as httpRequest, type IncomingMessage } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import { describeFailure } from "../delivery/index.js";
import {
  lookup,
  type OutcomeResult,
  pathWithQuery,
  RECORDED_PUSH_HEADER,
  type RecordedTestPush,
  readOutcome,
  readRecordedPush,
} from "../http/index.js";
import { TIME_LIMIT_MS } from "../vendor/index.js";
import type { Destination } from "./destination.js";
import type { TestPush } from "./test-push.js";

const MAX_CONNECTIONS = 64;
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
  /** Nothing was sent, because a header or the query of the push is not allowed in HTTP. */
  invalid?: true;
  /** Duration, ms. */
  ms: number;
  /** How the running `listen` recorded the push. */
  recorded?: RecordedTestPush;
  /** The result that the app's receiver reported, if it is one of airudder-webhooks. */
  result?: OutcomeResult;
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
  /** Maximum number of connections. Further pushes wait for one, within their time limit. */
  readonly maxConnections: number;

  constructor(
    private readonly destination: Destination,
    { timeoutMs = TIME_LIMIT_MS, maxConnections = MAX_CONNECTIONS }: SenderOptions = {},
  ) {
    // Idle connections end after a second, before an app closes them: a push sent at that moment would get no response.
    const options = { keepAlive: true, timeout: 1_000, maxSockets: maxConnections, lookup };
    this.#agent = destination.url.protocol === "https:" ? new HttpsAgent(options) : new HttpAgent(options);
    this.#timeoutMs = timeoutMs;
    this.maxConnections = maxConnections;
  }

  /** Sends a push and waits for the whole response. Never throws: a failure is in `error`. */
  send({ headers, body, query = "" }: TestPush, signal?: AbortSignal): Promise<SendResult> {
    const { url } = this.destination;
    const start = performance.now();
    const ms = () => Math.round((performance.now() - start) * 10) / 10;
    return new Promise((resolve) => {
      const request = url.protocol === "https:" ? httpsRequest : httpRequest;
      let isTimedOut = false;
      let hasResponse = false;
      let timer: NodeJS.Timeout | undefined;
      const finish = (result: Omit<SendResult, "ms">) => {
        clearTimeout(timer);
        resolve({ ...result, ms: ms() });
      };
      const fail = (error: Error) => {
        if (isTimedOut) finish({ error: `no response within ${this.#timeoutMs / 1_000} s`, timedOut: true });
        else finish({ error: signal?.aborted ? "stopped" : describeFailure(error, url.host).error });
      };
      let outgoing: ClientRequest;
      try {
        outgoing = request(url, {
          method: "POST",
          path: pathWithQuery(url, query),
          agent: this.#agent,
          headers: { ...headers, ...this.destination.headers, "content-length": body.length },
          signal,
        });
      } catch (error) {
        return finish({ error: `the push cannot be sent: ${invalidPart(error as Error)}`, invalid: true });
      }
      timer = setTimeout(() => {
        isTimedOut = true;
        outgoing.destroy();
      }, this.#timeoutMs);
      outgoing.on("error", fail);
      outgoing.on("response", (response) => {
        hasResponse = true;
        readResponse(response).then((responseBody) => finish(this.#resultOf(response, responseBody)), fail);
      });
      outgoing.on("upgrade", (_, socket) => {
        socket.destroy();
        finish({ error: "the app responded with status 101, which is not a response to a push" });
      });
      outgoing.on("close", () => {
        if (!hasResponse) fail(new Error("the connection ended without a response"));
      });
      outgoing.end(body);
    });
  }

  #resultOf({ statusCode, headers }: IncomingMessage, body: Buffer): Omit<SendResult, "ms"> {
    // Only `listen` sends this header. An app could send anything in it.
    const recorded = this.destination.isRecorded ? readRecordedPush(headers[RECORDED_PUSH_HEADER]) : undefined;
    const result = recorded?.result ?? readOutcome(headers["airudder-outcome"])?.result;
    return {
      status: statusCode ?? 0,
      headers,
      body,
      ...(recorded === undefined ? {} : { recorded }),
      ...(result === undefined ? {} : { result }),
    };
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

/** What is not allowed in HTTP. Never quotes the push. */
function invalidPart({ code, message }: NodeJS.ErrnoException): string {
  if (code === "ERR_INVALID_HTTP_TOKEN") return "the name of a header is not valid";
  if (code === "ERR_INVALID_CHAR") return "the value of a header has a character that is not allowed";
  if (code === "ERR_UNESCAPED_CHARACTERS") return "its query has a character that is not percent-encoded";
  return code ?? message;
}
