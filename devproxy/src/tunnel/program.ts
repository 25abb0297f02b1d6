import { redactProgramLine } from "../privacy/index.js";
import { TunnelError } from "./errors.js";
import type { Launch } from "./launch.js";
import { ProgramProcess } from "./program-process.js";
import type { OpenOptions, Tunnel } from "./tunnel.js";

/** Time to wait for an https URL. Some programs print their http URL just before it. */
const HTTPS_MAY_FOLLOW_MS = 1_000;
/** Maximum number of candidates: a program may print links that look like its public URL. */
const MAX_URLS = 10;

/** A program that opens a tunnel and prints its public URL. */
export interface TunnelProgram {
  /** Name of the program in messages, e.g. `the tunnel command "..."`. */
  label: string;
  /** How to start the program. @throws {TunnelError} if it is not installed */
  launch(port: number): Launch;
  /** The candidates for the public URL in the output, in order. */
  urlsIn(output: string): string[];
  /** What the user can do if the program exits or prints no public URL. */
  advice(output: string): string;
}

/**
 * Starts a program, and waits until it has printed a public URL.
 * @throws {TunnelError}
 */
export function openProgram(program: TunnelProgram, options: OpenOptions): Promise<Tunnel> {
  const { port, signal, timeoutMs = 30_000, pidFile } = options;
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(cancelled());
    const running = new ProgramProcess(program.launch(port), pidFile);
    const tunnel = new ProgramTunnel(program, running);
    let settled = false;
    let httpsMayFollow: NodeJS.Timeout | undefined;
    const settle = (error?: TunnelError) => {
      if (settled) return;
      settled = true;
      clearTimeout(timer);
      clearTimeout(httpsMayFollow);
      signal?.removeEventListener("abort", onAbort);
      running.onExit = undefined;
      if (error === undefined) return resolve(tunnel);
      running.kill();
      reject(error);
    };
    const onAbort = () => settle(cancelled());
    const timer = setTimeout(() => settle(timedOut(program, running, timeoutMs)), timeoutMs);
    running.onExit = (reason) => settle(endedWith(program, running, reason));
    running.onOutput = (output) => {
      tunnel.addUrls(output);
      if (tunnel.url.startsWith("https:")) settle();
      else if (tunnel.url !== "") httpsMayFollow ??= setTimeout(settle, HTTPS_MAY_FOLLOW_MS);
    };
    signal?.addEventListener("abort", onAbort, { once: true });
    running.onOutput("");
  });
}

class ProgramTunnel implements Tunnel {
  readonly #program: TunnelProgram;
  readonly #running: ProgramProcess;
  readonly #found = new Set<string>();

  constructor(program: TunnelProgram, running: ProgramProcess) {
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

  /** Adds the candidates in the output. */
  addUrls(output: string): void {
    for (const url of this.#program.urlsIn(output)) {
      if (this.#found.size < MAX_URLS) this.#found.add(url);
    }
  }

  onFail(listener: (error: TunnelError) => void): void {
    const fail = (reason: string) => listener(endedWith(this.#program, this.#running, reason));
    if (this.#running.exitReason !== undefined) fail(this.#running.exitReason);
    else this.#running.onExit = fail;
  }

  async close(): Promise<void> {
    this.#running.onExit = undefined;
    this.#running.onOutput = undefined;
    this.#running.kill();
  }
}

function cancelled(): TunnelError {
  return new TunnelError("tunnel_closed", "the opening of the tunnel was cancelled");
}

function timedOut(program: TunnelProgram, running: ProgramProcess, timeoutMs: number): TunnelError {
  return new TunnelError(
    "tunnel_timeout",
    `${program.label} printed no public URL within ${timeoutMs / 1_000} s${lastLineOf(running)}; ${program.advice(running.output)}`,
    { evidence: running.lastLine },
  );
}

function endedWith(program: TunnelProgram, running: ProgramProcess, reason: string): TunnelError {
  return new TunnelError(
    "tunnel_command_failed",
    `${program.label} ended (${reason}${lastLineOf(running)}); ${program.advice(running.output)}`,
    { evidence: running.lastLine },
  );
}

function lastLineOf({ lastLine }: ProgramProcess): string {
  return lastLine ? `, its last line: ${redactProgramLine(lastLine)}` : "";
}
