import type { IncomingMessage, ServerResponse } from "node:http";
import { createProxyMiddleware } from "http-proxy-middleware";
import { describeFailure } from "./failure.js";
import { sendError } from "./reply.js";

/** Hands everything that is no push to the app, at the path where it was asked for. Nothing of it is recorded. */
export function passThroughTo(target: URL): (request: IncomingMessage, response: ServerResponse) => void {
  const proxy = createProxyMiddleware({
    target: target.origin,
    changeOrigin: true,
    xfwd: true,
    on: {
      error: (error, _request, response) => {
        const { error: why } = describeFailure(error, target.host);
        if ("writeHead" in response) sendError(response, 502, "app_down", `The app gave no answer: ${why}`);
        else response.destroy();
      },
    },
  });
  return (request, response) => void proxy(request, response);
}
