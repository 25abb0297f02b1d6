import { createHash } from "node:crypto";
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";

/** A request as it came over the wire. */
export interface Recorded {
  method: string;
  url: string;
  headers: IncomingHttpHeaders;
  body: Buffer;
  sha256: string;
}

type Responder = (request: Recorded, response: ServerResponse) => void | Promise<void>;

/** An app that records every request with its exact bytes, and responds with `reply`. */
export class RecorderApp {
  readonly requests: Recorded[] = [];
  #server: Server | undefined;
  #port = 0;
  #waiting: { count: number; resolve: () => void }[] = [];

  /** @param reply default: responds 200 `{}` */
  constructor(
    public reply: Responder = (_, response) => {
      response.writeHead(200, { "content-type": "application/json" }).end("{}");
    },
  ) {}

  get origin(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  get url(): string {
    return `${this.origin}/webhooks/airudder`;
  }

  /** Starts, or starts again on the same port. */
  async start(): Promise<this> {
    const server = createServer((request, response) => void this.#take(request, response));
    this.#server = server;
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(this.#port, "127.0.0.1", resolve);
    });
    this.#port = (server.address() as AddressInfo).port;
    return this;
  }

  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    server.closeAllConnections();
    await closed;
  }

  /** Resolves when `count` requests have been received in total. */
  received(count: number): Promise<void> {
    if (this.requests.length >= count) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push({ count, resolve }));
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of request) chunks.push(chunk as Buffer);
    } catch {
      return;
    }
    const body = Buffer.concat(chunks);
    const recorded: Recorded = {
      method: request.method ?? "",
      url: request.url ?? "",
      headers: request.headers,
      body,
      sha256: createHash("sha256").update(body).digest("hex"),
    };
    this.requests.push(recorded);
    for (const { count, resolve } of this.#waiting) if (this.requests.length >= count) resolve();
    await this.reply(recorded, response);
  }
}
