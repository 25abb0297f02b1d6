import { resolve } from "node:path";
import {
  DEFAULT_TARGET,
  isUrl,
  parseRetention,
  parseTarget,
  type RetentionRule,
  WHEN_DOWN,
  type WhenDown,
} from "./config/index.js";
import type { HealthCheckIntervals } from "./delivery/index.js";
import { usageError } from "./errors.js";
import type { Listener } from "./events.js";
import type { DeliveryTimeouts } from "./queue/index.js";
import { parseTunnel, type TunnelProvider } from "./tunnel/index.js";

/** Options of `startDevproxy`. */
export interface DevproxyOptions {
  /** URL of the app's receiver. Default: `http://localhost:3000/webhooks/airudder`. */
  target?: string;
  /** Port on 127.0.0.1; 0 selects a free one. Default: 0. */
  port?: number;
  /** Folder of the journal and its `config.json`. Default: `.airudder`. */
  journal?: string;
  /** A value of `--tunnel`, such as `none` or `ssh:localhost.run`. Default: `localtunnel`. */
  tunnel?: string;
  /** localtunnel's server. Default: `https://localtunnel.me`. */
  tunnelHost?: string;
  /** Name to request from the tunnel server. Default: `subdomain` in the `config.json` of the journal. */
  subdomain?: string;
  /** Key agreed with Airudder, to check `Sign`. Default: the vendor's published key. */
  key?: string;
  /** Token that the app requires. Each push is sent with it in the header `Airudder-Token`. It is never recorded. Default: none. */
  token?: string | undefined;
  /** What to do with pushes while the app is down. Default: `hold`. */
  whenDown?: WhenDown;
  /** Part of the journal to keep: an age (`30d`) or a number of pushes (`50000`). Default: all. */
  keep?: string;
  /** Also forwards requests to the app that are not pushes, without recording them. Default: `false`. */
  passThrough?: boolean;
  /**
   * Port on 127.0.0.1 for the inspector and the HTTP API. If it is taken, the next free one is used. `false` serves the API for the commands
   * only, on any free port, without the inspector. Default: `false`.
   */
  inspect?: number | false;
  /** Shows personal data in the errors of handlers. Default: false. */
  reveal?: boolean;
  /** Receives every event. */
  onEvent?: Listener;
}

/** Internal options for the tests of this package. They may change in any release. */
export interface TestHooks {
  timeouts?: DeliveryTimeouts;
  healthCheckIntervals?: HealthCheckIntervals;
  /** Size at which a segment of the journal is closed, bytes. */
  segmentBytes?: number;
}

/** The options after validation, with defaults. */
export interface DevproxySettings {
  target: URL;
  port: number;
  dir: string;
  provider: TunnelProvider;
  whenDown: WhenDown;
  passThrough: boolean;
  inspect: number | false;
  keep: RetentionRule | undefined;
}

/**
 * Validates the options, before anything is started.
 * @throws DevproxyError `usage`, TunnelError `tunnel_option`
 */
export function settingsOf(options: DevproxyOptions): DevproxySettings {
  const { port = 0, whenDown = "hold", journal = ".airudder", subdomain, tunnelHost, inspect = false } = options;
  if (!isPort(port)) throw usageError("--port must be a whole number from 0 to 65535.");
  if (inspect !== false && !isPort(inspect))
    throw usageError("--inspect must be a whole number from 0 to 65535; 0 selects a free port.");
  if (!WHEN_DOWN.includes(whenDown))
    throw usageError(`--when-down "${whenDown}" is unknown. Give one of ${WHEN_DOWN.join(", ")}.`);
  if (subdomain !== undefined && !/^[a-z0-9](?:[a-z0-9-]{2,61})[a-z0-9]$/.test(subdomain)) {
    throw usageError(`--subdomain "${subdomain}" is not valid. Use 4 to 63 lower-case letters, digits and hyphens.`);
  }
  if (isUrl(journal)) throw usageError("--journal must be a folder, because the dev proxy writes to it.");
  if (options.key === "") throw usageError("--key is empty. Leave it out to use the vendor's published key.");
  return {
    target: parseTarget(options.target ?? DEFAULT_TARGET),
    port,
    dir: resolve(journal),
    provider: parseTunnel(options.tunnel ?? "localtunnel", tunnelHost === undefined ? {} : { host: tunnelHost }),
    whenDown,
    passThrough: options.passThrough ?? false,
    inspect,
    keep: options.keep === undefined ? undefined : parseRetention(options.keep),
  };
}

function isPort(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= 65_535;
}
