import { commandTunnel } from "./command.js";
import { TunnelError } from "./errors.js";
import { localtunnel } from "./localtunnel.js";
import { noTunnel } from "./none.js";
import { presetTunnel } from "./preset.js";
import { CLOUDFLARED, NGROK, sshPreset } from "./presets.js";
import type { TunnelProvider } from "./tunnel.js";
import { urlTunnel } from "./url.js";

/**
 * Turns the value of `--tunnel` into a provider.
 * @param option `localtunnel`, `cloudflared`, `ngrok`, `ssh:HOST`, `none`, `url:https://...` or `command:program {local}`
 * @param options.host localtunnel's server; default `https://localtunnel.me`
 * @throws {TunnelError} `tunnel_option` with the values that are right.
 * @example parseTunnel("command:cloudflared tunnel --url {local}")
 */
export function parseTunnel(option: string, { host }: { host?: string } = {}): TunnelProvider {
  const text = option.trim();
  if (text === "none") return noTunnel;
  if (text === "localtunnel") return localtunnel(host === undefined ? {} : { host });
  if (text === "cloudflared") return presetTunnel(CLOUDFLARED);
  if (text === "ngrok") return presetTunnel(NGROK);
  if (text.startsWith("ssh:")) return presetTunnel(sshPreset(text.slice("ssh:".length)));
  if (text.startsWith("url:")) return urlTunnel(text.slice("url:".length).trim());
  if (text.startsWith("command:")) return commandTunnel(unquoted(text.slice("command:".length)));
  throw new TunnelError(
    "tunnel_option",
    `--tunnel must be localtunnel, cloudflared, ngrok, ssh:HOST, none, url:https://... or command:"program {local}" (got ${JSON.stringify(option)})`,
  );
}

/** Windows' shell hands the quotes of `command:"..."` over when the whole option is quoted otherwise. */
function unquoted(text: string): string {
  const trimmed = text.trim();
  return /^"[^"]*"$/.test(trimmed) ? trimmed.slice(1, -1) : trimmed;
}
