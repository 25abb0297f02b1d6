import { channel } from "node:diagnostics_channel";
import type { Socket } from "node:net";
import Client from "localtunnel/lib/Tunnel.js";
import type { AssignedTunnel } from "./localtunnel-request.js";

/**
 * The client of the package localtunnel for a tunnel that the server has already assigned. It overrides private methods, because the public
 * function of the package does not fit here:
 * - The function retries its request forever. It reports no error and cannot be stopped. `_init` therefore uses a tunnel that was requested
 *   before.
 * - Its `close` closes only established connections. A connection that is still being established, for example behind a firewall that drops
 *   packets, would keep the process running for minutes. `_establish` therefore collects every socket that the package opens.
 *
 * Limits: this depends on `_init`, `_establish`, `_getInfo` and `tunnelCluster.open` of localtunnel 3. The tests of the tunnel `localtunnel`
 * fail if one of them is missing. The diagnostics channel is subscribed only while the package opens a socket
 * synchronously, so no other socket of the process is collected.
 *
 * Never pass `local_host`: the package then decodes the first bytes of each connection as text, which damages the body.
 */
export class AssignedTunnelClient extends Client {
  readonly #assigned: AssignedTunnel;
  readonly #sockets = new Set<Socket>();

  constructor(options: { port: number; host: string }, assigned: AssignedTunnel) {
    super(options);
    this.#assigned = assigned;
  }

  override _init(callback: Parameters<Client["_init"]>[0]): void {
    callback(null, this._getInfo(this.#assigned));
  }

  override _establish(info: Parameters<Client["_establish"]>[0]): void {
    this.#collectSockets(() => super._establish(info));
    const { tunnelCluster: cluster } = this;
    const open = cluster.open.bind(cluster);
    cluster.open = () => this.#collectSockets(open);
  }

  override close(): void {
    super.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #collectSockets(connect: () => void): void {
    const sockets = channel("net.client.socket");
    const collect = (message: unknown) => {
      const { socket } = message as { socket: Socket };
      this.#sockets.add(socket);
      socket.once("close", () => this.#sockets.delete(socket));
    };
    sockets.subscribe(collect);
    try {
      connect();
    } finally {
      sockets.unsubscribe(collect);
    }
  }
}
