import http from "node:http";
import https from "node:https";
import { performance } from "node:perf_hooks";
import { lookup } from "../http/index.js";

/** A request of our own. */
export interface PublicRequestOptions {
  /** Default: `GET`. */
  method?: string;
  headers?: Record<string, string>;
  body?: Buffer | string;
  /** Time limit of the whole exchange in ms. Default: 8000. */
  timeoutMs?: number;
  signal?: AbortSignal;
  /** What is kept of the answer's body in bytes. Default: 65536. */
  maxBytes?: number;
}

/** What came back. */
export interface PublicResponse {
  status: number;
  headers: http.IncomingHttpHeaders;
  body: Buffer;
  /** Duration of the whole exchange. */
  ms: number;
}

/** The header that localtunnel's public server wants before it shows the site instead of a page to click through. */
const OWN_HEADERS = { "user-agent": "airudder-devproxy", "bypass-tunnel-reminder": "1" };

/**
 * A request to a public URL, on a connection of its own. Treats `*.localhost` as this machine, which Node's resolver does not.
 * @throws the connection's error, or an Error with code `ETIMEDOUT` or `ABORT_ERR`.
 * @example const { status } = await publicRequest("http://demo.localhost:4000/");
 */
export function publicRequest(url: string | URL, options: PublicRequestOptions = {}): Promise<PublicResponse> {
  const { method = "GET", headers, body, timeoutMs = 8_000, signal, maxBytes = 65_536 } = options;
  const target = new URL(url);
  const started = performance.now();
  return new Promise((resolve, reject) => {
    const client = target.protocol === "https:" ? https : http;
    const request = client.request(target, { method, agent: false, lookup, headers: { ...OWN_HEADERS, ...headers } });
    const stop = (code: string, message: string) => {
      const error = Object.assign(new Error(message), { code });
      settle(() => reject(error));
      request.destroy();
    };
    const onAbort = () => stop("ABORT_ERR", "given up");
    const timer = setTimeout(() => stop("ETIMEDOUT", `no answer within ${timeoutMs / 1_000} s`), timeoutMs);
    const settle = (finish: () => void) => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
      finish();
    };
    request.on("error", (error) => settle(() => reject(error)));
    request.on("response", (response) => {
      const parts: Buffer[] = [];
      let size = 0;
      response.on("error", (error) => settle(() => reject(error)));
      response.on("data", (part: Buffer) => {
        if (size < maxBytes) parts.push(part.subarray(0, maxBytes - size));
        size += part.length;
      });
      response.on("end", () => {
        const answer = { status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(parts) };
        settle(() => resolve({ ...answer, ms: performance.now() - started }));
      });
    });
    signal?.addEventListener("abort", onAbort, { once: true });
    if (signal?.aborted) onAbort();
    else request.end(body);
  });
}
