import { redactProgramLine } from "../privacy/index.js";
import { TunnelError } from "./errors.js";
import type { TunnelProgram } from "./program.js";
import { openProgram } from "./program.js";
import { publicOrigins } from "./program-output.js";
import type { TunnelProvider } from "./tunnel.js";

/**
 * A tunnel that is opened by a program, such as `cloudflared tunnel --url {local}`. The program must print its public URL.
 * @param command run by the shell; `{local}` is replaced by `http://127.0.0.1:<port>`, `{port}` by the port
 * @throws {TunnelError} `tunnel_option` if it is empty
 */
export function commandTunnel(command: string): TunnelProvider {
  if (!command.trim()) {
    throw new TunnelError(
      "tunnel_option",
      `--tunnel command: requires a command line, such as command:"cloudflared tunnel --url {local}"`,
    );
  }
  return {
    kind: "command",
    openTimeoutMs: 30_000,
    firstPingTimeoutMs: 45_000,
    pendingMessage: `${labelOf(command)} has printed no public URL yet`,
    open: (options) => openProgram(programOf(command, options.port), options),
  };
}

function labelOf(command: string): string {
  return `the tunnel command ${JSON.stringify(redactProgramLine(command))}`;
}

function programOf(template: string, port: number): TunnelProgram {
  const command = template.replaceAll("{local}", `http://127.0.0.1:${port}`).replaceAll("{port}", String(port));
  return {
    label: labelOf(command),
    launch: () => ({ command }),
    urlsIn: publicOrigins,
    advice: () => "is the program installed? Run it by hand, or use url: with the public URL of a tunnel that you run",
  };
}
