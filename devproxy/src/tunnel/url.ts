import { TunnelError } from "./errors.js";
import type { Tunnel, TunnelProvider } from "./tunnel.js";

/**
 * A tunnel that the user runs. The proxy pings it, but neither opens nor closes it.
 * @param url public origin of the tunnel
 * @throws {TunnelError} `tunnel_option` if `url` is not an http or https origin
 */
export function urlTunnel(url: string): TunnelProvider {
  const tunnel: Tunnel = { url: originOf(url), close: async () => {} };
  return { kind: "url", openTimeoutMs: 1_000, firstPingTimeoutMs: 0, open: async () => tunnel };
}

function originOf(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isOrigin = url && url.pathname === "/" && !url.search && !url.hash && !url.username && !url.password;
  if (isOrigin && /^https?:$/.test(url.protocol)) return url.origin;
  throw new TunnelError(
    "tunnel_option",
    `--tunnel url: requires the public URL of your tunnel, without a path, such as url:https://demo.example.com (got ${JSON.stringify(text)})`,
  );
}
