import { publicOrigins } from "./command-output.js";
import { CommandProcess } from "./command-process.js";
import { TunnelError } from "./errors.js";
import type { OpenOptions, Tunnel, TunnelProvider } from "./tunnel.js";

/** Some programs print their http address just before the https one. */
const HTTPS_MAY_FOLLOW_MS = 1_000;

/**
 * A tunnel made by any program that prints its public address, e.g. `cloudflared tunnel --url {local}`.
 * @param command run by the shell; `{local}` becomes `http://127.0.0.1:<port>`, `{port}` the port alone
 * @throws {TunnelError} `tunnel_option` when it is empty.
 */
export function commandTunnel(command: string): TunnelProvider {
  if (!command.trim()) {
    throw new TunnelError(
      "tunnel_option",
      `--tunnel command: wants a command line, such as command:"cloudflared tunnel --url {local}"`,
    );
  }
  return {
    kind: "command",
    openLimitMs: 30_000,
    settleLimitMs: 45_000,
    notOpenYet: `the tunnel command ${JSON.stringify(command)} has printed no https address yet`,
    open: (options) => open(command, options),
  };
}

function open(template: string, { port, signal, timeoutMs = 30_000 }: OpenOptions): Promise<Tunnel> {
  const command = template.replaceAll("{local}", `http://127.0.0.1:${port}`).replaceAll("{port}", String(port));
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(givenUp());
    const program = new CommandProcess(command);
    let settled = false;
    let patience: NodeJS.Timeout | undefined;
    const settle = (result: TunnelError | string) => {
      if (settled) return;
      settled = true;
      clearTimeout(timer);
      clearTimeout(patience);
      signal?.removeEventListener("abort", onAbort);
      program.onOutput = undefined;
      if (typeof result === "string") return resolve(new CommandTunnel(program, command, result));
      program.onEnd = undefined;
      program.end();
      reject(result);
    };
    const onAbort = () => settle(givenUp());
    const timer = setTimeout(() => settle(silent(command, program, timeoutMs)), timeoutMs);
    program.onEnd = (how) => settle(endedWith(command, how, program.lastLine));
    program.onOutput = (output) => {
      const origins = publicOrigins(output);
      const secure = origins.find((origin) => origin.startsWith("https:"));
      const [first] = origins;
      if (secure) settle(secure);
      else if (first) patience ??= setTimeout(() => settle(first), HTTPS_MAY_FOLLOW_MS);
    };
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}

class CommandTunnel implements Tunnel {
  readonly url: string;
  readonly #program: CommandProcess;
  readonly #command: string;

  constructor(program: CommandProcess, command: string, url: string) {
    this.url = url;
    this.#program = program;
    this.#command = command;
    program.onEnd = undefined;
  }

  onFail(listener: (error: TunnelError) => void): void {
    const fail = (how: string) => listener(endedWith(this.#command, how, this.#program.lastLine));
    if (this.#program.ended !== undefined) fail(this.#program.ended);
    else this.#program.onEnd = fail;
  }

  async close(): Promise<void> {
    this.#program.onEnd = undefined;
    this.#program.end();
  }
}

function givenUp(): TunnelError {
  return new TunnelError("tunnel_closed", "the opening of the tunnel was given up");
}

function silent(command: string, program: CommandProcess, timeoutMs: number): TunnelError {
  return new TunnelError(
    "tunnel_timeout",
    `the tunnel command ${JSON.stringify(command)} printed no public address within ${timeoutMs / 1_000} s; run it by hand, or use url: with its address`,
    { evidence: program.lastLine },
  );
}

function endedWith(command: string, how: string, lastLine: string): TunnelError {
  const said = lastLine ? `, it last said: ${lastLine}` : "";
  return new TunnelError(
    "tunnel_command_failed",
    `the tunnel command ${JSON.stringify(command)} ended (${how}${said}); is the program installed? Run it by hand`,
    { evidence: lastLine },
  );
}
