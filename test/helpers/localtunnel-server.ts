import type { ChildProcess } from "node:child_process";
import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { ServerMode } from "./localtunnel-server-child.js";

const CHILD = fileURLToPath(new URL("./localtunnel-server-child.ts", import.meta.url));
const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/**
 * A real localtunnel server in a process of its own, so that it can be frozen, or killed and started again on the same port.
 * Its tunnels are reached at `http://NAME.localhost:PORT`, a name that Node does not resolve: use `publicRequest`.
 */
export class LocaltunnelServer {
  #child: ChildProcess | undefined;
  #port = 0;
  /** When the server released each name. */
  readonly #releases = new Map<string, number[]>();

  /** Starts the server. Default port: the one of the last start, at first a free one. */
  async start({ port = this.#port, mode = "normal" }: { port?: number; mode?: ServerMode } = {}): Promise<this> {
    const args = { execArgv: ["--import", "tsx"], cwd: ROOT };
    const child = fork(CHILD, [String(port), mode], { ...args, stdio: ["ignore", "ignore", "inherit", "ipc"] });
    this.#child = child;
    child.on("message", ({ released }: { released?: string }) => {
      if (released === undefined) return;
      this.#releases.set(released, [...(this.#releases.get(released) ?? []), performance.now()]);
    });
    const ended = once(child, "exit").then(() => Promise.reject(new Error("the localtunnel server did not start")));
    const [message] = (await Promise.race([once(child, "message"), ended])) as [{ port: number }];
    ended.catch(() => {});
    this.#port = message.port;
    return this;
  }

  get port(): number {
    return this.#port;
  }

  /** What to give as `--tunnel-host`. */
  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Public origin of the tunnel of that name. */
  publicUrl(name: string): string {
    return `http://${name}.localhost:${this.#port}`;
  }

  /** When the server released that name, as it reported: times of `performance.now()`. */
  releasesOf(name: string): readonly number[] {
    return this.#releases.get(name) ?? [];
  }

  /** Changes how the server behaves from now on. */
  async behave(mode: ServerMode): Promise<void> {
    await this.#tell({ mode });
  }

  /** Ends all its connections, to tunnels and to clients. */
  async dropSockets(): Promise<void> {
    await this.#tell({ drop: true });
  }

  /** SIGSTOP: the operating system still accepts connections, but the server does not read them. Linux and macOS only. */
  freeze(): void {
    this.#child?.kill("SIGSTOP");
  }

  /** SIGCONT. */
  thaw(): void {
    this.#child?.kill("SIGCONT");
  }

  /** Kills the server immediately, frozen or not. It can be started again. */
  async stop(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    await ended;
  }

  async #tell(message: { mode?: ServerMode; drop?: boolean }): Promise<void> {
    const child = this.#child;
    if (!child) throw new Error("the localtunnel server is not running");
    const done = new Promise<void>((resolve) => {
      const listener = (response: { done?: true }) => {
        if (!response.done) return;
        child.off("message", listener);
        resolve();
      };
      child.on("message", listener);
    });
    child.send(message);
    await done;
  }
}
