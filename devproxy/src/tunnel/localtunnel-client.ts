import { channel } from "node:diagnostics_channel";
import type { Socket } from "node:net";
import Client from "localtunnel/lib/Tunnel.js";
import type { Grant } from "./localtunnel-ask.js";

/**
 * The package's tunnel, told what the server granted instead of asking for it: its own asking repeats for ever,
 * without a word, and cannot be stopped.
 *
 * Never give it `local_host`: the package then decodes the first bytes of each connection as text and breaks the body.
 */
export class GrantedClient extends Client {
  readonly #grant: Grant;
  readonly #sockets = new Set<Socket>();

  constructor(options: { port: number; host: string }, grant: Grant) {
    super(options);
    this.#grant = grant;
  }

  override _init(callback: Parameters<Client["_init"]>[0]): void {
    callback(null, this._getInfo(this.#grant));
  }

  override _establish(info: Parameters<Client["_establish"]>[0]): void {
    this.#collecting(() => super._establish(info));
    const { tunnelCluster: cluster } = this;
    const open = cluster.open.bind(cluster);
    cluster.open = () => this.#collecting(open);
  }

  override close(): void {
    super.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  /** The package ends only what is connected; what still connects (a firewall that drops) would hold the process for minutes. */
  #collecting(connect: () => void): void {
    const connecting = channel("net.client.socket");
    const collect = (message: unknown) => {
      const { socket } = message as { socket: Socket };
      this.#sockets.add(socket);
      socket.once("close", () => this.#sockets.delete(socket));
    };
    connecting.subscribe(collect);
    try {
      connect();
    } finally {
      connecting.unsubscribe(collect);
    }
  }
}
