import type { IncomingMessage, ServerResponse } from "node:http";
import { pingResponse } from "../tunnel/index.js";

/** Answers a ping with its nonce, signed: nobody else can. */
export function respondToPing(request: IncomingMessage, response: ServerResponse, secret: string): void {
  const nonce = new URLSearchParams((request.url ?? "").split("?")[1]).get("nonce") ?? "";
  response.writeHead(200, { "content-type": "application/json", "cache-control": "no-store" });
  response.end(pingResponse(secret, nonce));
}
