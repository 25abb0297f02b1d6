import { type ClientRequest, Agent as HttpAgent, IncomingMessage, ServerResponse } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import { Socket } from "node:net";
import type { HeaderMap } from "airudder-webhooks/journal";
import { createProxyMiddleware, type Plugin, type RequestHandler } from "http-proxy-middleware";
import { forwardedHeaders, lookup, pathWithQuery, sendableHeaders } from "../http/index.js";
import type { AppResponse, DeliveryAttempt } from "./attempt.js";
import { describeFailure } from "./failure.js";
import { readResponse, TOO_LARGE_ERROR } from "./read-response.js";

/** A push to send to an app. */
export interface OutgoingPush {
  target: URL;
  method: string;
  /** Query with its question mark, or empty. */
  query: string;
  headers: HeaderMap;
  /** Sent byte for byte. */
  body: Buffer;
  /** Value of `Airudder-Replay`: the id of the push, or `doctor` for a test push. Default: not a replay. */
  replay?: string;
  signal?: AbortSignal;
  /** Time limit for the response, ms. Default: none. */
  timeoutMs?: number;
}

/** Callbacks for one forwarded request. */
interface ForwardCallbacks {
  started(outgoing: ClientRequest): void;
  responded(response: IncomingMessage): void;
  failed(error: Error): void;
}

/**
 * Ends idle connections after a second, long before an app does. A push that is sent on a connection that the app is closing gets no
 * response, and whether the app received it is unknown.
 */
const AGENT_OPTIONS = { keepAlive: true, timeout: 1_000, lookup };

/**
 * Sends pushes to the app. Live, queued and replayed pushes pass through the same http-proxy-middleware, so that a replay equals the live
 * request. http-proxy-middleware forwards only requests that arrived at a server, so each push becomes a {@link LocalRequest}.
 */
export class Forwarder {
  readonly #proxyMiddlewares = new Map<string, RequestHandler>();
  readonly #agents = { "http:": new HttpAgent(AGENT_OPTIONS), "https:": new HttpsAgent(AGENT_OPTIONS) };

  /** @param token sent to the app in the header `Airudder-Token` */
  constructor(private readonly token?: string) {}

  /** Sends a push and waits for the response, at most `timeoutMs` if given. Never throws: a failure is in `error`. */
  async send(push: OutgoingPush): Promise<DeliveryAttempt> {
    const at = new Date().toISOString();
    const start = performance.now();
    const target = push.target.href;
    const ms = () => Math.round((performance.now() - start) * 10) / 10;
    try {
      let sentAt = start;
      const response = await this.#forward(push, () => {
        sentAt = performance.now();
      });
      const appMs = performance.now() - sentAt;
      const error = response.isTruncated ? { error: TOO_LARGE_ERROR } : {};
      return { at, target, ms: ms(), appMs, response, ...error, reached: true };
    } catch (error) {
      const failure = describeFailure(error, push.target.host);
      return { at, target, ms: ms(), ...failure, ...(push.signal?.aborted ? { stopped: true } : {}) };
    }
  }

  /** Ends idle connections. */
  close(): void {
    for (const agent of Object.values(this.#agents)) agent.destroy();
  }

  #forward(push: OutgoingPush, onSend: () => void): Promise<AppResponse> {
    const { target, method, query, headers, body, replay, signal, timeoutMs } = push;
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(new Error("stopped before it was sent"));
      const path = pathWithQuery(target, query);
      let outgoing: ClientRequest | undefined;
      const stop = () => outgoing?.destroy(new Error("stopped before the app responded"));
      const expire = () => outgoing?.destroy(new Error(`no response within ${(timeoutMs ?? 0) / 1_000} s`));
      const timer = timeoutMs === undefined ? undefined : setTimeout(expire, timeoutMs);
      signal?.addEventListener("abort", stop, { once: true });
      const cleanUp = () => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", stop);
      };
      const failed = (error: Error) => {
        cleanUp();
        reject(error);
      };
      const callbacks: ForwardCallbacks = {
        started: (request) => {
          onSend();
          outgoing = request;
          request.path = path; // http-proxy merges consecutive slashes in the path
          request.once("upgrade", (_, socket) => {
            socket.destroy();
            failed(new Error("the app responded with status 101, which is not a response to a push"));
          });
          if (signal?.aborted) stop();
        },
        responded: (response) => {
          readResponse(response).then(resolve, reject).finally(cleanUp);
        },
        failed,
      };
      // Only an imported push, which is sent in a replay, can have headers that HTTP does not allow.
      const forwarded = forwardedHeaders(replay === undefined ? headers : sendableHeaders(headers), {
        method,
        host: target.host,
        size: body.length,
        replay,
        token: this.token,
      });
      const request = new LocalRequest(method, path, forwarded, body, callbacks);
      void this.#proxyMiddleware(target)(request, new ServerResponse(request), (error) => error && reject(error));
    });
  }

  #proxyMiddleware(target: URL): RequestHandler {
    const existing = this.#proxyMiddlewares.get(target.origin);
    if (existing !== undefined) return existing;
    const middleware = createProxyMiddleware({
      target: target.origin,
      agent: this.#agents[target.protocol as "http:" | "https:"],
      secure: !isLoopback(target.hostname),
      selfHandleResponse: true,
      ejectPlugins: true,
      plugins: [callbackPlugin],
    });
    this.#proxyMiddlewares.set(target.origin, middleware);
    return middleware;
  }
}

/**
 * A request without a connection, because a push may be delivered after its sender has disconnected. http-proxy passes this
 * request to its event listeners, so it carries the callbacks. Nothing is written to its response.
 */
class LocalRequest extends IncomingMessage {
  constructor(
    method: string,
    url: string,
    headers: HeaderMap,
    body: Buffer,
    readonly callbacks: ForwardCallbacks,
  ) {
    super(new Socket());
    this.method = method;
    this.url = url;
    this.httpVersion = "1.1";
    this.httpVersionMajor = 1;
    this.httpVersionMinor = 1;
    this.headers = headers;
    this.complete = true;
    this.push(body);
    this.push(null);
  }
}

/** Passes the events of http-proxy to the callbacks of the request. Replaces the default plugins, which would respond 504 to a failure. */
const callbackPlugin: Plugin = (proxy) => {
  const callbacksOf = (request: IncomingMessage) => (request as LocalRequest).callbacks;
  const failed = (error: Error, request: IncomingMessage) => callbacksOf(request).failed(error);
  proxy.on("proxyReq", (outgoing, request) => callbacksOf(request).started(outgoing));
  proxy.on("proxyRes", (response, request) => callbacksOf(request).responded(response));
  proxy.on("error", failed);
  proxy.on("econnreset", failed);
};

function isLoopback(hostname: string): boolean {
  return /^(localhost|.*\.localhost|127(\.\d+){3}|\[::1\])$/.test(hostname);
}
