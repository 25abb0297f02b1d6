/** The internal class that the public function of the package uses. */
declare module "localtunnel/lib/Tunnel.js" {
  import { EventEmitter } from "node:events";

  interface TunnelInfo {
    name: string;
    url: string;
  }

  class Tunnel extends EventEmitter {
    constructor(options: { port: number; host: string });
    url: string;
    tunnelCluster: { open(): void };
    _getInfo(response: object): TunnelInfo;
    _init(callback: (error: Error | null, info?: TunnelInfo) => void): void;
    _establish(info: TunnelInfo): void;
    open(callback: (error?: Error) => void): void;
    close(): void;
  }

  export default Tunnel;
}
