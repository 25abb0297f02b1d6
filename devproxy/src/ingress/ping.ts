import type { IncomingMessage, ServerResponse } from "node:http";
import express, { type Express } from "express";
import { pingResponse } from "../tunnel/index.js";
import { routeOf } from "./route.js";

/** Responds to a ping with its signed nonce. */
export function respondToPing(request: IncomingMessage, response: ServerResponse, secret: string): void {
  const nonce = new URLSearchParams((request.url ?? "").split("?")[1]).get("nonce") ?? "";
  response.writeHead(200, { "content-type": "application/json", "cache-control": "no-store" });
  response.end(pingResponse(secret, nonce));
}

/** An app that responds to pings and to nothing else, to check a tunnel with. */
export function pingApp(secret: string): Express {
  const app = express();
  app.disable("x-powered-by");
  app.use((request, response) => {
    if (routeOf(request.url, secret) === "ping") return respondToPing(request, response, secret);
    response.writeHead(404, { "content-type": "application/json" }).end("{}");
  });
  return app;
}
