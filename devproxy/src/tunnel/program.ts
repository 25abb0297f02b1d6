import { redactProgramLine } from "../privacy/index.js";
import { CommandProcess } from "./command-process.js";
import { TunnelError } from "./errors.js";
import type { Launch } from "./launch.js";
import type { OpenOptions, Tunnel } from "./tunnel.js";

/** Some programs print their http address just before the https one. */
const HTTPS_MAY_FOLLOW_MS = 1_000;
/** Maximum number of candidates: a program may print links that look like its address. */
const MAX_ADDRESSES = 10;

/** A program that opens a tunnel and prints its public address. */
export interface TunnelProgram {
  /** How messages name it, e.g. `the tunnel command "..."`. */
  label: string;
  /** How to start it. @throws {TunnelError} if it is not installed */
  launch(port: number): Launch;
  /** The public addresses in its output, in order. */
  addresses(output: string): string[];
  /** What the user can do if it ends or prints no address. */
  advice(output: string): string;
}

/**
 * Starts a program, and waits until it has printed a public address.
 * @throws {TunnelError}
 */
export function openProgram(program: TunnelProgram, options: OpenOptions): Promise<Tunnel> {
  const { port, signal, timeoutMs = 30_000, record } = options;
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(cancelled());
    const running = new CommandProcess(program.launch(port), record);
    const tunnel = new ProgramTunnel(program, running);
    let settled = false;
    let httpsMayFollow: NodeJS.Timeout | undefined;
    const settle = (error?: TunnelError) => {
      if (settled) return;
      settled = true;
      clearTimeout(timer);
      clearTimeout(httpsMayFollow);
      signal?.removeEventListener("abort", onAbort);
      running.onEnd = undefined;
      if (error === undefined) return resolve(tunnel);
      running.end();
      reject(error);
    };
    const onAbort = () => settle(cancelled());
    const timer = setTimeout(() => settle(timedOut(program, running, timeoutMs)), timeoutMs);
    running.onEnd = (how) => settle(endedWith(program, running, how));
    running.onOutput = (output) => {
      tunnel.find(output);
      if (tunnel.url.startsWith("https:")) settle();
      else if (tunnel.url !== "") httpsMayFollow ??= setTimeout(settle, HTTPS_MAY_FOLLOW_MS);
    };
    signal?.addEventListener("abort", onAbort, { once: true });
    running.onOutput("");
  });
}

class ProgramTunnel implements Tunnel {
  readonly #program: TunnelProgram;
  readonly #running: CommandProcess;
  readonly #found = new Set<string>();

  constructor(program: TunnelProgram, running: CommandProcess) {
    this.#program = program;
    this.#running = running;
  }

  get url(): string {
    return this.urls[0] ?? "";
  }

  get urls(): readonly string[] {
    const isSecure = (url: string) => url.startsWith("https:");
    return [...this.#found].sort((a, b) => Number(isSecure(b)) - Number(isSecure(a)));
  }

  /** Adds the addresses in its output. */
  find(output: string): void {
    for (const address of this.#program.addresses(output)) {
      if (this.#found.size < MAX_ADDRESSES) this.#found.add(address);
    }
  }

  onFail(listener: (error: TunnelError) => void): void {
    const fail = (how: string) => listener(endedWith(this.#program, this.#running, how));
    if (this.#running.ended !== undefined) fail(this.#running.ended);
    else this.#running.onEnd = fail;
  }

  async close(): Promise<void> {
    this.#running.onEnd = undefined;
    this.#running.onOutput = undefined;
    this.#running.end();
  }
}

function cancelled(): TunnelError {
  return new TunnelError("tunnel_closed", "the opening of the tunnel was cancelled");
}

function timedOut(program: TunnelProgram, running: CommandProcess, timeoutMs: number): TunnelError {
  return new TunnelError(
    "tunnel_timeout",
    `${program.label} printed no public address within ${timeoutMs / 1_000} s${lastLineOf(running)}; ${program.advice(running.output)}`,
    { evidence: running.lastLine },
  );
}

function endedWith(program: TunnelProgram, running: CommandProcess, how: string): TunnelError {
  return new TunnelError(
    "tunnel_command_failed",
    `${program.label} ended (${how}${lastLineOf(running)}); ${program.advice(running.output)}`,
    { evidence: running.lastLine },
  );
}

function lastLineOf({ lastLine }: CommandProcess): string {
  return lastLine ? `, its last line: ${redactProgramLine(lastLine)}` : "";
}
