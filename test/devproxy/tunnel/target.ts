import { once } from "node:events";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { behindTunnel, pingPath, pingResponse } from "../../../devproxy/src/tunnel/index.js";

/** Stands in for the ingress: answers pings, and echoes everything else. */
export class Target {
  readonly secret: string;
  /** Answers pings with this instead. */
  pingWith: ((nonce: string) => string) | undefined;
  /** The bodies of everything but pings. */
  readonly received = new Set<string>();
  readonly #server = behindTunnel(http.createServer((request, response) => void this.#answer(request, response)));

  constructor(secret = "s3cret") {
    this.secret = secret;
  }

  async start(): Promise<this> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    return this;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  async stop(): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  async #answer(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", "http://target");
    if (url.pathname === pingPath(this.secret)) {
      const nonce = url.searchParams.get("nonce") ?? "";
      response.setHeader("content-type", "application/json");
      response.end(this.pingWith?.(nonce) ?? pingResponse(this.secret, nonce));
      return;
    }
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part);
    const body = Buffer.concat(parts);
    this.received.add(body.toString());
    response.end(body);
  }
}
