import { resolve } from "node:path";
import { DEFAULT_TARGET, parseTarget } from "./config/target.js";
import { usageError } from "./errors.js";
import type { Listener } from "./events.js";
import type { HealthIntervals } from "./ingress/health.js";
import { type Limits, WHEN_DOWN, type WhenDown } from "./ingress/live.js";
import { type Keep, parseKeep } from "./journal/retention.js";
import { parseTunnel, type TunnelProvider } from "./tunnel/index.js";

/** Options of `startDevproxy`. */
export interface DevproxyOptions {
  /** URL of the app's receiver. `http://localhost:3000/webhooks/airudder` unless told. */
  target?: string;
  /** Port on 127.0.0.1; 0, the default, takes any free one. */
  port?: number;
  /** Folder of the journal and of the config. `.airudder` unless told. */
  journal?: string;
  /** `localtunnel`, `cloudflared`, `ngrok`, `ssh:HOST`, `none`, `url:https://…` or `command:…`. `localtunnel` unless told. */
  tunnel?: string;
  /** localtunnel's server. `https://localtunnel.me` unless told. */
  tunnelHost?: string;
  /** Name asked of the tunnel's server. One that is kept in the config unless told. */
  subdomain?: string;
  /** The key agreed with Airudder, to check `Sign` with. The vendor's public default unless told. */
  key?: string;
  /** The token that the app wants: sent with each push, in the header `Airudder-Token`. Never recorded. None unless told. */
  token?: string | undefined;
  /** What is done while the app is down. `hold` unless told. */
  whenDown?: WhenDown;
  /** How much of the journal is kept: an age (`30d`) or a number of pushes (`50000`). All of it unless told. */
  keep?: string;
  /** Hands requests that are no pushes to the app, unrecorded. `false` unless told. */
  passThrough?: boolean;
  /** Shows personal data in the errors of handlers. Default: false. */
  reveal?: boolean;
  /** Told of everything that happens. */
  onEvent?: Listener;
  /** Time limits other than Airudder's; for tests. @internal */
  limits?: Limits;
  /** @internal */
  healthIntervals?: HealthIntervals;
  /** Size at which a segment of the journal is closed, bytes. @internal */
  segmentBytes?: number;
}

/** Options that were checked. */
export interface Settings {
  target: URL;
  port: number;
  dir: string;
  provider: TunnelProvider;
  whenDown: WhenDown;
  passThrough: boolean;
  keep: Keep | undefined;
}

/**
 * Checks the options once, before anything is started.
 * @throws DevproxyError `usage`, TunnelError `tunnel_option`
 */
export function settingsOf(options: DevproxyOptions): Settings {
  const { port = 0, whenDown = "hold", journal = ".airudder", subdomain, tunnelHost } = options;
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw usageError("--port must be a whole number from 0 to 65535.");
  if (!WHEN_DOWN.includes(whenDown))
    throw usageError(`--when-down "${whenDown}" is unknown. Give one of ${WHEN_DOWN.join(", ")}.`);
  if (subdomain !== undefined && !/^[a-z0-9](?:[a-z0-9-]{2,61})[a-z0-9]$/.test(subdomain)) {
    throw usageError(`--subdomain "${subdomain}" is no name. Give 4 to 63 lower-case letters, digits and hyphens.`);
  }
  if (options.key === "") throw usageError("--key is empty. Leave it out to use the vendor's public default.");
  return {
    target: parseTarget(options.target ?? DEFAULT_TARGET),
    port,
    dir: resolve(journal),
    provider: parseTunnel(options.tunnel ?? "localtunnel", tunnelHost === undefined ? {} : { host: tunnelHost }),
    whenDown,
    passThrough: options.passThrough ?? false,
    keep: options.keep === undefined ? undefined : parseKeep(options.keep),
  };
}
