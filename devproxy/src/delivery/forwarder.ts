import { type ClientRequest, Agent as HttpAgent, IncomingMessage, ServerResponse } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import { Socket } from "node:net";
import type { HeaderMap } from "airudder-webhooks/journal";
import { createProxyMiddleware, type Plugin, type RequestHandler } from "http-proxy-middleware";
import { forwardedHeaders, lookup, pathWithQuery } from "../http/index.js";
import type { AppResponse, DeliveryAttempt } from "./attempt.js";
import { describeFailure } from "./failure.js";
import { readResponse, TOO_LARGE } from "./read-response.js";

/** A push to send to an app. */
export interface Dispatch {
  target: URL;
  method: string;
  /** Query with its question mark, or empty. */
  query: string;
  headers: HeaderMap;
  /** Sent byte for byte. */
  body: Buffer;
  /** Id of the push, if this is a replay. */
  replay?: string;
  signal?: AbortSignal;
  /** Time limit for the response, ms. Default: none. */
  limitMs?: number;
}

/** What happens to a forwarded request. */
interface Exchange {
  started(outgoing: ClientRequest): void;
  responded(response: IncomingMessage): void;
  failed(error: Error): void;
}

/**
 * Ends idle connections after a second, long before an app does. A push that is sent on a connection that the app is closing gets no
 * response, and whether the app received it is unknown.
 */
const CONNECTIONS = { keepAlive: true, timeout: 1_000, lookup };

/**
 * Sends pushes to the app. Live, queued and replayed pushes take the same http-proxy-middleware, so that a replay equals the live request.
 * The middleware forwards only requests that arrived at a server, so each push becomes a {@link LocalRequest}.
 */
export class Forwarder {
  readonly #middlewares = new Map<string, RequestHandler>();
  readonly #agents = { "http:": new HttpAgent(CONNECTIONS), "https:": new HttpsAgent(CONNECTIONS) };

  /** @param token sent to the app in the header `Airudder-Token` */
  constructor(private readonly token?: string) {}

  /** Sends a push and waits for the response, without a time limit unless `limitMs` is given. Never throws. */
  async send(dispatch: Dispatch): Promise<DeliveryAttempt> {
    const at = new Date().toISOString();
    const start = performance.now();
    const target = dispatch.target.href;
    const ms = () => Math.round((performance.now() - start) * 10) / 10;
    try {
      const response = await this.#exchange(dispatch);
      const error = response.isCut ? { error: TOO_LARGE } : {};
      return { at, target, ms: ms(), response, ...error, reached: true };
    } catch (error) {
      const failure = describeFailure(error, dispatch.target.host);
      return { at, target, ms: ms(), ...failure, ...(dispatch.signal?.aborted ? { stopped: true } : {}) };
    }
  }

  /** Ends idle connections. */
  close(): void {
    for (const agent of Object.values(this.#agents)) agent.destroy();
  }

  #exchange({ target, method, query, headers, body, replay, signal, limitMs }: Dispatch): Promise<AppResponse> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(new Error("stopped before it was sent"));
      const path = pathWithQuery(target, query);
      let outgoing: ClientRequest | undefined;
      const stop = () => outgoing?.destroy(new Error("stopped before the app responded"));
      const expire = () => outgoing?.destroy(new Error(`no response within ${(limitMs ?? 0) / 1_000} s`));
      const timer = limitMs === undefined ? undefined : setTimeout(expire, limitMs);
      signal?.addEventListener("abort", stop, { once: true });
      const settled = () => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", stop);
      };
      const failed = (error: Error) => {
        settled();
        reject(error);
      };
      const exchange: Exchange = {
        started: (request) => {
          outgoing = request;
          request.path = path; // http-proxy replaces two slashes by one
          request.once("upgrade", (_, socket) => {
            socket.destroy();
            failed(new Error("the app responded with status 101, which is not a response to a push"));
          });
          if (signal?.aborted) stop();
        },
        responded: (response) => {
          readResponse(response).then(resolve, reject).finally(settled);
        },
        failed,
      };
      const forwarded = forwardedHeaders(headers, {
        method,
        host: target.host,
        size: body.length,
        replay,
        token: this.token,
      });
      const request = new LocalRequest(method, path, forwarded, body, exchange);
      void this.#middleware(target)(request, new ServerResponse(request), (error) => error && reject(error));
    });
  }

  #middleware(target: URL): RequestHandler {
    const existing = this.#middlewares.get(target.origin);
    if (existing !== undefined) return existing;
    const middleware = createProxyMiddleware({
      target: target.origin,
      agent: this.#agents[target.protocol as "http:" | "https:"],
      secure: !isLoopback(target.hostname),
      selfHandleResponse: true,
      ejectPlugins: true,
      plugins: [reportExchange],
    });
    this.#middlewares.set(target.origin, middleware);
    return middleware;
  }
}

/**
 * A request without a connection: the sender may disconnect, or may have received its response long ago, while the push is delivered.
 * The middleware passes it to the events of the proxy, so it carries the exchange that they belong to. Nothing is written to its response.
 */
class LocalRequest extends IncomingMessage {
  constructor(
    method: string,
    url: string,
    headers: HeaderMap,
    body: Buffer,
    readonly exchange: Exchange,
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

/** Replaces the default plugins, which would respond 504 to a failure. */
const reportExchange: Plugin = (proxy) => {
  const exchangeOf = (request: IncomingMessage) => (request as LocalRequest).exchange;
  const failed = (error: Error, request: IncomingMessage) => exchangeOf(request).failed(error);
  proxy.on("proxyReq", (outgoing, request) => exchangeOf(request).started(outgoing));
  proxy.on("proxyRes", (response, request) => exchangeOf(request).responded(response));
  proxy.on("error", failed);
  proxy.on("econnreset", failed);
};

function isLoopback(hostname: string): boolean {
  return /^(localhost|.*\.localhost|127(\.\d+){3}|\[::1\])$/.test(hostname);
}
