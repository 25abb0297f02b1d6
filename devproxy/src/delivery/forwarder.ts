import { type ClientRequest, Agent as HttpAgent, type IncomingMessage } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import type { HeaderMap } from "airudder-webhooks/journal";
import { createProxyMiddleware, type Plugin, type RequestHandler } from "http-proxy-middleware";
import { forwardedHeaders, lookup, pathAt } from "../http/index.js";
import type { AppResponse, DeliveryAttempt } from "./attempt.js";
import { describeFailure } from "./failure.js";
import { makeRequest, makeResponse } from "./local-request.js";
import { readResponse, TOO_LARGE } from "./read-response.js";

/** A push on its way to an app. */
export interface Dispatch {
  target: URL;
  method: string;
  /** Query with its question mark, or empty. */
  query: string;
  headers: HeaderMap;
  /** Sent as it is, byte for byte. */
  body: Buffer;
  /** Id of the push that is replayed. */
  replay?: string;
  signal?: AbortSignal;
  /** Time limit for the response, ms. Default: none. */
  limitMs?: number;
}

interface Exchange {
  outgoing?: ClientRequest;
  started(outgoing: ClientRequest): void;
  answered(response: IncomingMessage): void;
  failed(error: Error): void;
}

/**
 * An idle connection is ended long before an app does so: a push never meets one that is just being closed. Whether the app saw a push that
 * did is not to be known, so that it is never sent twice for one try.
 */
const CONNECTIONS = { keepAlive: true, timeout: 1_000, lookup };

/** The one way to the app. Live, queued and replayed pushes all pass the same http-proxy-middleware. */
export class Forwarder {
  readonly #exchanges = new WeakMap<IncomingMessage, Exchange>();
  readonly #middlewares = new Map<string, RequestHandler>();
  readonly #agents = { "http:": new HttpAgent(CONNECTIONS), "https:": new HttpsAgent(CONNECTIONS) };

  /** @param token sent to the app in the header `Airudder-Token` */
  constructor(private readonly token?: string) {}

  /** Sends a push and waits for the answer, however long it takes. Never throws. */
  async send(dispatch: Dispatch): Promise<DeliveryAttempt> {
    const at = new Date().toISOString();
    const start = performance.now();
    const target = dispatch.target.href;
    const ms = () => Math.round((performance.now() - start) * 10) / 10;
    try {
      const answer = await this.#exchange(dispatch);
      const error = answer.isCut ? { error: TOO_LARGE } : {};
      return { at, target, ms: ms(), response: answer, ...error, reached: true };
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
      const path = pathAt(target, query);
      const request = { method, host: target.host, size: body.length, replay, token: this.token };
      const incoming = makeRequest(method, path, forwardedHeaders(headers, request), body);
      const settled = () => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", stop);
      };
      const end = () => exchange.outgoing?.destroy(new Error(`no response within ${(limitMs ?? 0) / 1_000} s`));
      const timer = limitMs === undefined ? undefined : setTimeout(end, limitMs);
      const stop = () => exchange.outgoing?.destroy(new Error("stopped before the app responded"));
      const exchange: Exchange = {
        started: (outgoing) => {
          exchange.outgoing = outgoing;
          outgoing.path = path; // http-proxy replaces two slashes by one
          outgoing.once("upgrade", (_, socket) => {
            socket.destroy();
            exchange.failed(new Error("the app responded with status 101, which is not a response to a push"));
          });
          if (signal?.aborted) stop();
        },
        answered: (response) => {
          readResponse(response).then(resolve, reject).finally(settled);
        },
        failed: (error) => {
          settled();
          reject(error);
        },
      };
      this.#exchanges.set(incoming, exchange);
      if (signal?.aborted) {
        settled();
        return reject(new Error("stopped before it was sent"));
      }
      signal?.addEventListener("abort", stop, { once: true });
      void this.#middleware(target)(incoming, makeResponse(incoming), (error) => error && reject(error));
    });
  }

  #middleware(target: URL): RequestHandler {
    const known = this.#middlewares.get(target.origin);
    if (known !== undefined) return known;
    const made = createProxyMiddleware({
      target: target.origin,
      agent: this.#agents[target.protocol as "http:" | "https:"],
      secure: !isLoopback(target.hostname),
      selfHandleResponse: true,
      ejectPlugins: true,
      plugins: [this.#plugin],
    });
    this.#middlewares.set(target.origin, made);
    return made;
  }

  /** Stands in for the default plugins, which would answer 504 themselves. */
  readonly #plugin: Plugin = (proxy) => {
    const failed = (error: Error, incoming: IncomingMessage) => this.#exchanges.get(incoming)?.failed(error);
    proxy.on("proxyReq", (outgoing, incoming) => this.#exchanges.get(incoming)?.started(outgoing));
    proxy.on("proxyRes", (response, incoming) => this.#exchanges.get(incoming)?.answered(response));
    proxy.on("error", failed);
    proxy.on("econnreset", failed);
  };
}

function isLoopback(hostname: string): boolean {
  return /^(localhost|.*\.localhost|127(\.\d+){3}|\[::1\])$/.test(hostname);
}
