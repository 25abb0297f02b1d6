import { Agent as HttpAgent, type IncomingMessage, type ServerResponse } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import { createProxyMiddleware } from "http-proxy-middleware";
import { describeFailure, gatewayError } from "../delivery/index.js";
import { lookup, removeInternalHeaders } from "../http/index.js";
import { sendResponse } from "./send-response.js";

/** Returns a handler for requests that are not pushes. It forwards them to the app with their path unchanged, and records nothing. */
export function passThroughTo(target: URL): (request: IncomingMessage, response: ServerResponse) => void {
  const agent = target.protocol === "https:" ? new HttpsAgent({ lookup }) : new HttpAgent({ lookup });
  const proxy = createProxyMiddleware({
    target: target.origin,
    agent,
    changeOrigin: true,
    xfwd: true,
    on: {
      proxyRes: ({ headers }) => removeInternalHeaders(headers),
      error: (error, request, response) => {
        if (!("writeHead" in response) || response.headersSent) response.destroy();
        else sendResponse(request, response, gatewayError(describeFailure(error, target.host)));
      },
    },
  });
  return (request, response) => {
    removeInternalHeaders(request.headers);
    void proxy(request, response);
  };
}
