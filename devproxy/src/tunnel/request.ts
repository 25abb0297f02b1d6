import http from "node:http";
import https from "node:https";
import { performance } from "node:perf_hooks";
import { lookup } from "../http/index.js";

/** Options of {@link publicRequest}. */
export interface PublicRequestOptions {
  /** Default: `GET`. */
  method?: string;
  headers?: Record<string, string>;
  body?: Buffer | string;
  /** Time limit from the start of the request to the end of the response, ms. Default: 8000. */
  timeoutMs?: number;
  signal?: AbortSignal;
  /** Maximum number of bytes of the response body to read. Default: 65536. */
  maxBytes?: number;
}

/** The response to a {@link publicRequest}. */
export interface PublicResponse {
  status: number;
  headers: http.IncomingHttpHeaders;
  body: Buffer;
  /** Time from the start of the request to the end of the response, ms. */
  ms: number;
}

/** Without `bypass-tunnel-reminder`, localtunnel's public server responds with a confirmation page. */
const REQUEST_HEADERS = { "user-agent": "airudder-devproxy", "bypass-tunnel-reminder": "1" };

/**
 * Makes a request to a public URL on a new connection. Resolves `*.localhost` to this machine, unlike Node.
 * @throws the connection's error, or an Error with code `ETIMEDOUT` or `ABORT_ERR`.
 * @example const { status } = await publicRequest("http://demo.localhost:4000/");
 */
export function publicRequest(url: string | URL, options: PublicRequestOptions = {}): Promise<PublicResponse> {
  const { method = "GET", headers, body, timeoutMs = 8_000, signal, maxBytes = 65_536 } = options;
  const target = new URL(url);
  const started = performance.now();
  return new Promise((resolve, reject) => {
    const client = target.protocol === "https:" ? https : http;
    const request = client.request(target, {
      method,
      agent: false,
      lookup,
      headers: { ...REQUEST_HEADERS, ...headers },
    });
    const stop = (code: string, message: string) => {
      const error = Object.assign(new Error(message), { code });
      settle(() => reject(error));
      request.destroy();
    };
    const onAbort = () => stop("ABORT_ERR", "cancelled");
    const timer = setTimeout(() => stop("ETIMEDOUT", `no response within ${timeoutMs / 1_000} s`), timeoutMs);
    const settle = (finish: () => void) => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
      finish();
    };
    request.on("error", (error) => settle(() => reject(error)));
    request.on("response", (response) => {
      const chunks: Buffer[] = [];
      let size = 0;
      response.on("error", (error) => settle(() => reject(error)));
      response.on("data", (chunk: Buffer) => {
        if (size < maxBytes) chunks.push(chunk.subarray(0, maxBytes - size));
        size += chunk.length;
      });
      response.on("end", () => {
        const result = { status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) };
        settle(() => resolve({ ...result, ms: performance.now() - started }));
      });
    });
    signal?.addEventListener("abort", onAbort, { once: true });
    if (signal?.aborted) onAbort();
    else request.end(body);
  });
}
