import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import type { TestContext } from "node:test";
import { atEnd } from "./at-end.js";

/** A TCP proxy to a local port. It can cut its connections, reject new ones, and stop forwarding without closing anything. */
export class TcpProxy {
  readonly #sockets = new Set<Socket>();
  #isDiscarding = false;
  #isRejecting = false;

  private constructor(
    private readonly server: Server,
    private readonly target: number,
  ) {
    server.on("connection", (client: Socket) => this.#forward(client));
  }

  static async start(t: TestContext, target: number): Promise<TcpProxy> {
    const server = createServer({ pauseOnConnect: true });
    const proxy = new TcpProxy(server, target);
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    atEnd(t, () => {
      server.close();
      proxy.cut();
    });
    return proxy;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  #forward(client: Socket): void {
    if (this.#isRejecting) {
      client.resetAndDestroy();
      return;
    }
    const upstream = connect(this.target, "127.0.0.1");
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      this.#sockets.add(from);
      from.on("data", (data) => void (this.#isDiscarding || to.write(data)));
      from.on("error", () => undefined);
      from.on("close", () => {
        this.#sockets.delete(from);
        to.destroy();
      });
    }
    client.resume();
  }

  /** Resets all connections. */
  cut(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  /** Resets all connections and each new one, until `restore`. */
  reject(): void {
    this.#isRejecting = true;
    this.cut();
  }

  /** Discards all data without closing a connection, as a broken network does. New connections are accepted. */
  discardData(): void {
    this.#isDiscarding = true;
  }

  /** Forwards new connections again. Connections from before `discardData` are unusable: their data is missing. */
  restore(): void {
    this.#isDiscarding = false;
    this.#isRejecting = false;
  }
}
