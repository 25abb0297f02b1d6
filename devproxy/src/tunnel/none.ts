import { TunnelError } from "./errors.js";
import type { TunnelProvider } from "./tunnel.js";

/** No tunnel: pushes arrive only at the local URL. */
export const noTunnel: TunnelProvider = {
  kind: "none",
  openLimitMs: 0,
  settleLimitMs: 0,
  async open() {
    throw new TunnelError("tunnel_closed", "there is no tunnel (--tunnel none)");
  },
};
