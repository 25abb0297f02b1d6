import { devNull } from "node:os";
import { splitTunnel, TUNNEL_KINDS, type TunnelKind } from "../config/index.js";
import { TunnelError } from "./errors.js";
import { findProgram } from "./find-program.js";
import type { Preset } from "./preset.js";

/** Needs no account. The public URL changes with each start. */
const CLOUDFLARED: Preset = {
  program: "cloudflared",
  install:
    "Install it: brew install cloudflared (macOS), winget install --id Cloudflare.cloudflared (Windows), https://pkg.cloudflare.com (Linux).",
  // A config file of the user would take precedence over --url.
  args: (port) => ["tunnel", "--no-autoupdate", "--config", devNull, "--url", `http://127.0.0.1:${port}`],
  // Error messages contain https://api.trycloudflare.com, which is not the URL of the tunnel.
  urlPattern: /(https:\/\/(?!api\.)[a-z0-9-]+\.trycloudflare\.com)(?![\w.-])/,
  advice: [
    [/429|Too Many Requests/i, "Cloudflare limits new quick tunnels: wait a few minutes, or use another --tunnel"],
  ],
};

const NGROK: Preset = {
  program: "ngrok",
  install:
    "Install it: brew install ngrok (macOS), winget install --id Ngrok.Ngrok (Windows), https://ngrok.com/download (Linux); then: ngrok config add-authtoken TOKEN.",
  args: (port) => ["http", `127.0.0.1:${port}`, "--log=stdout", "--log-format=logfmt", "--log-level=info"],
  urlPattern: /msg="started tunnel".* url=(https?:\/\/\S+)/,
  advice: [
    [
      /ERR_NGROK_(4018|105|107)\b/,
      "it needs the authtoken of your account: ngrok config add-authtoken TOKEN (https://dashboard.ngrok.com/get-started/your-authtoken)",
    ],
    [/ERR_NGROK_108\b/, "your account allows no further session: stop the other ngrok, or use another --tunnel"],
  ],
};

const SSH_OPTIONS = {
  // ssh exits if the server rejects the forwarding.
  ExitOnForwardFailure: "yes",
  // Detects a lost connection within 30 s.
  ServerAliveInterval: "15",
  ServerAliveCountMax: "2",
  // There is no terminal for questions. ssh still rejects a host key that has changed.
  StrictHostKeyChecking: "accept-new",
  PasswordAuthentication: "no",
  // A shared connection would keep the tunnel open after this ssh has exited.
  ControlMaster: "no",
  ControlPath: "none",
};
const SSH_HOST =
  /^(?:(?<user>[a-z0-9_][\w.+-]*)@)?(?<host>[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?)(?::(?<port>[0-9]{1,5}))?$/i;

/** How some public servers print the URL. They also print links to their own pages. */
const SSH_URL_PATTERNS: Record<string, RegExp> = {
  "localhost.run": /tunneled with tls termination, (https:\/\/\S+)/,
  "serveo.net": /Forwarding HTTP traffic from (https:\/\/\S+)/,
};

/**
 * A tunnel through an ssh server. There are two forms of `argument`:
 * - `localhost.run` or `user@host`: the server assigns a public URL.
 * - `me@example.com:8080`: the server forwards its port 8080. The public URL is `http://example.com:8080`.
 * @throws {TunnelError} `tunnel_option`, if `argument` is neither
 */
function sshPreset(argument: string): Preset {
  const { user, host, port: remotePort } = SSH_HOST.exec(argument)?.groups ?? {};
  if (host === undefined || Number(remotePort ?? 1) < 1 || Number(remotePort ?? 1) > 65_535) {
    throw new TunnelError(
      "tunnel_option",
      `--tunnel ssh: needs a host, such as ssh:localhost.run, ssh:me@example.com or, for a port of your server, ssh:me@example.com:8080 (got ${JSON.stringify(argument)})`,
    );
  }
  const name = host.toLowerCase();
  // Without an account, localhost.run requires this user. Every other user needs a registered key.
  const login = user ?? (name === "localhost.run" ? "nokey" : undefined);
  const destination = login === undefined ? host : `${login}@${host}`;
  const urlPattern = SSH_URL_PATTERNS[name];
  const options = Object.entries(SSH_OPTIONS).flatMap(([key, value]) => ["-o", `${key}=${value}`]);
  const forward = (local: number) =>
    remotePort === undefined
      ? ["-T", "-R", `80:127.0.0.1:${local}`]
      : ["-N", "-R", `:${remotePort}:127.0.0.1:${local}`];
  return {
    program: "ssh",
    install:
      "Install OpenSSH: preinstalled (macOS), the package openssh-client (Linux), Settings > Optional features > OpenSSH Client (Windows).",
    args: (local) => [...options, ...forward(local), "--", destination],
    // ssh must not open a window to ask for a password.
    env: { SSH_ASKPASS_REQUIRE: "never" },
    ...(urlPattern !== undefined && { urlPattern }),
    ...(remotePort !== undefined && { fixedUrl: `http://${host}:${remotePort}` }),
    advice: [
      [/Permission denied \(/, `${destination} accepts none of your keys: load the right one with ssh-add`],
      [
        /remote port forwarding failed/,
        remotePort === undefined
          ? `${host} assigns no public URL: use a free port of the server, as in --tunnel ssh:${destination}:8080`
          : `port ${remotePort} of ${host} is in use or not allowed: use another one`,
      ],
      [
        /REMOTE HOST IDENTIFICATION HAS CHANGED|Host key verification failed/,
        `check the key of ${host}, then run ssh-keygen -R ${host}`,
      ],
    ],
  };
}

/** Creates the preset of a kind. `argument` is the value of `--tunnel` after its colon. */
export const PRESETS: Readonly<Partial<Record<TunnelKind, (argument: string) => Preset>>> = {
  cloudflared: () => CLOUDFLARED,
  ngrok: () => NGROK,
  ssh: sshPreset,
};

/** Values of `--tunnel` whose program is on the PATH of this machine. */
export function installedTunnelValues(): string[] {
  return Object.entries(PRESETS).flatMap(([kind, preset]) => {
    const { value, example = value }: { value: string; example?: string } = TUNNEL_KINDS[kind as TunnelKind];
    const { program } = preset(splitTunnel(example).argument);
    return findProgram(program) === undefined ? [] : [example];
  });
}
