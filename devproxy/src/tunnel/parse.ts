import { splitTunnel, suggestion, TUNNEL_KINDS, TUNNEL_VALUES } from "../config/index.js";
import { commandTunnel } from "./command.js";
import { TunnelError } from "./errors.js";
import { localtunnel } from "./localtunnel.js";
import { noTunnel } from "./none.js";
import { presetTunnel } from "./preset.js";
import { PRESETS } from "./presets.js";
import type { TunnelProvider } from "./tunnel.js";
import { urlTunnel } from "./url.js";

/** Options that apply only to some kinds. */
interface ProviderOptions {
  /** localtunnel's server. Default: `https://localtunnel.me`. */
  host?: string;
}

/** Creates a provider of a kind. `argument` is the value of `--tunnel` after its colon. */
type CreateProvider = (argument: string, options: ProviderOptions) => TunnelProvider;

/** The providers by kind. The other kinds are in `PRESETS`. */
const PROVIDERS: Readonly<Record<string, CreateProvider>> = {
  localtunnel: (_, { host }) => localtunnel(host === undefined ? {} : { host }),
  none: () => noTunnel,
  url: (url) => urlTunnel(url.trim()),
  command: (command) => commandTunnel(withoutQuotes(command)),
};

/**
 * Creates the provider for a value of `--tunnel`.
 * @throws {TunnelError} `tunnel_option` with the values that are allowed
 * @example parseTunnel("command:cloudflared tunnel --url {local}")
 */
export function parseTunnel(value: string, options: ProviderOptions = {}): TunnelProvider {
  const { kind, argument } = splitTunnel(value.trim());
  const preset = kind && PRESETS[kind];
  if (preset) return presetTunnel(kind, preset(argument));
  const create = kind && PROVIDERS[kind];
  if (create) return create(argument, options);
  const [name = ""] = value.split(":", 1);
  // A known kind only lacks its argument, or has one too many.
  const hint = Object.hasOwn(TUNNEL_KINDS, name) ? "" : suggestion(name, Object.keys(TUNNEL_KINDS));
  throw new TunnelError("tunnel_option", `--tunnel must be ${TUNNEL_VALUES} (got ${JSON.stringify(value)}).${hint}`);
}

/** Removes the quotes of `command:"..."`. The shell of Windows may pass them on as a part of the value. */
function withoutQuotes(text: string): string {
  const trimmed = text.trim();
  return /^"[^"]*"$/.test(trimmed) ? trimmed.slice(1, -1) : trimmed;
}
