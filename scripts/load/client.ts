import { once } from "node:events";
import { connect, type Socket } from "node:net";
import type { Traffic } from "./pushes.js";

/** Result of a period of load. */
export interface LoadResult {
  readonly requests: number;
  readonly seconds: number;
  /** Time from each request to its response, milliseconds. */
  readonly latencies: Float64Array;
}

/** Open connections. Each sends prepared requests one after the other. */
export class Client {
  readonly #connections: Connection[] = [];

  private constructor() {}

  static async open(port: number, connections: number, traffic: Traffic): Promise<Client> {
    const client = new Client();
    const share = Math.floor(traffic.size / connections);
    for (let i = 0; i < connections; i++) {
      const socket = connect({ port, host: "127.0.0.1", noDelay: true });
      await once(socket, "connect");
      client.#connections.push(new Connection(socket, traffic, i * share, (i + 1) * share));
    }
    return client;
  }

  /**
   * Sends requests on all connections.
   * @param milliseconds duration
   * @throws if the status of a response is not 200
   */
  async run(milliseconds: number): Promise<LoadResult> {
    const latencies: number[] = [];
    const start = performance.now();
    await Promise.all(this.#connections.map((connection) => connection.run(start + milliseconds, latencies)));
    const seconds = (performance.now() - start) / 1000;
    return { requests: latencies.length, seconds, latencies: Float64Array.from(latencies) };
  }

  close(): void {
    for (const { socket } of this.#connections) socket.destroy();
  }
}

const OK = Buffer.from("HTTP/1.1 200 ");

class Connection {
  #next: number;
  #sentAt = 0;
  #until = 0;
  #latencies: number[] = [];
  #settle: { resolve: () => void; reject: (error: Error) => void } | undefined;
  /** Length of a complete response: all responses of a server have the same. 0 until the first one. */
  #responseBytes = 0;
  #part: Buffer | undefined;

  constructor(
    readonly socket: Socket,
    private readonly traffic: Traffic,
    private readonly first: number,
    private readonly end: number,
  ) {
    this.#next = first;
    socket.on("data", (chunk) => this.#onData(chunk));
    socket.on("error", (error) => this.#settle?.reject(error));
    socket.on("close", () => this.#settle?.reject(new Error("The server has closed a connection.")));
  }

  run(until: number, latencies: number[]): Promise<void> {
    this.#until = until;
    this.#latencies = latencies;
    return new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
      if (this.socket.destroyed) reject(new Error("The server has closed a connection."));
      else this.#send();
    });
  }

  #send(): void {
    const request = this.traffic.take(this.#next);
    this.#next = this.#next + 1 === this.end ? this.first : this.#next + 1;
    this.#sentAt = performance.now();
    this.socket.write(request);
  }

  #onData(chunk: Buffer): void {
    const response = this.#part === undefined ? chunk : Buffer.concat([this.#part, chunk]);
    if (response.length !== this.#responseBytes) {
      if (!isComplete(response)) {
        this.#part = response;
        return;
      }
      this.#responseBytes = response.length;
    }
    this.#part = undefined;
    if (response.compare(OK, 0, OK.length, 0, OK.length) !== 0) {
      this.#settle?.reject(new Error(`The response is not 200: ${response.toString("latin1")}`));
      return;
    }
    const now = performance.now();
    this.#latencies.push(now - this.#sentAt);
    if (now < this.#until) this.#send();
    else this.#settle?.resolve();
  }
}

function isComplete(response: Buffer): boolean {
  const head = response.indexOf("\r\n\r\n");
  if (head < 0) return false;
  const headers = response.toString("latin1", 0, head);
  if (/\r\ntransfer-encoding: chunked/i.test(headers))
    return response.toString("latin1", response.length - 5) === "0\r\n\r\n";
  return response.length >= head + 4 + Number(/\r\ncontent-length: (\d+)/i.exec(headers)?.[1] ?? 0);
}
