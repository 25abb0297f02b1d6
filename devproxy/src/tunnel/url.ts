import { TunnelError } from "./errors.js";
import type { Tunnel, TunnelProvider } from "./tunnel.js";

/**
 * A tunnel that the user runs. It is only pinged.
 * @param url its public origin
 * @throws {TunnelError} `tunnel_option` if `url` is not an http or https origin
 */
export function urlTunnel(url: string): TunnelProvider {
  const tunnel: Tunnel = { url: originOf(url), close: async () => {} };
  return { kind: "url", openLimitMs: 1_000, settleLimitMs: 0, open: async () => tunnel };
}

function originOf(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const plain = url && url.pathname === "/" && !url.search && !url.hash && !url.username && !url.password;
  if (plain && /^https?:$/.test(url.protocol)) return url.origin;
  throw new TunnelError(
    "tunnel_option",
    `--tunnel url: requires the public address of your tunnel, without a path, such as url:https://demo.example.com (got ${JSON.stringify(text)})`,
  );
}
