import { TunnelError } from "./errors.js";
import type { TunnelProvider } from "./tunnel.js";

/** No tunnel: pushes arrive only at the local URL. */
export const noTunnel: TunnelProvider = {
  kind: "none",
  openTimeoutMs: 0,
  firstPingTimeoutMs: 0,
  async open() {
    throw new TunnelError("tunnel_closed", "there is no tunnel (--tunnel none)");
  },
};
