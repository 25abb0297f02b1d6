import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

/** A TCP proxy to a local port. It can cut connections, reject new ones, hold data back, and discard data without closing anything. */
export class TcpProxy {
  readonly #sockets = new Set<Socket>();
  #isDiscarding = false;
  #isRejecting = false;
  #isFrozen = false;

  private constructor(
    private readonly server: Server,
    private readonly target: number,
  ) {
    server.on("connection", (client: Socket) => this.#forward(client));
  }

  static async start(target: number): Promise<TcpProxy> {
    const server = createServer({ pauseOnConnect: true });
    const proxy = new TcpProxy(server, target);
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
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
      from.setNoDelay();
      from.on("data", (data) => void (this.#isDiscarding || to.write(data)));
      from.on("error", () => undefined);
      from.on("close", () => {
        this.#sockets.delete(from);
        to.destroy();
      });
    }
    if (this.#isFrozen) for (const socket of [client, upstream]) socket.pause();
    else client.resume();
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

  /** Holds all data back until `thaw`. The connections stay open. */
  freeze(): void {
    this.#isFrozen = true;
    for (const socket of this.#sockets) socket.pause();
  }

  thaw(): void {
    this.#isFrozen = false;
    for (const socket of this.#sockets) socket.resume();
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

  /** Resets all connections and accepts no new ones. */
  close(): void {
    this.server.close();
    this.cut();
  }
}
