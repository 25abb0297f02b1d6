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

/** Creates an ingress that responds only to pings, to check a tunnel. Other requests get 404. */
export function createPingIngress(secret: string): Express {
  const ingress = express();
  ingress.disable("x-powered-by");
  ingress.use((request, response) => {
    if (routeOf(request.url, secret) === "ping") return respondToPing(request, response, secret);
    response.writeHead(404, { "content-type": "application/json" }).end("{}");
  });
  return ingress;
}
