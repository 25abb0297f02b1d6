import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** The process of a server, and the temporary folder of its data. The process can be stopped and started again with the same data. */
export class ServerProcess {
  readonly folder: string;
  #process: ChildProcess | undefined;

  /** @param name part of the name of the folder */
  constructor(name: string) {
    this.folder = mkdtempSync(join(tmpdir(), `airudder-${name}-`));
  }

  /**
   * Waits until a started server responds.
   * @param checkResponse rejects if the server does not respond
   * @throws after 30 seconds, or if the process ends: the last error of `checkResponse`
   */
  async started(server: ChildProcess, checkResponse: () => Promise<void>): Promise<void> {
    this.#process = server;
    for (const end = Date.now() + 30_000; ; ) {
      try {
        return await checkResponse();
      } catch (error) {
        if (Date.now() > end || server.exitCode !== null) throw error;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
  }

  /** For SIGSTOP and SIGCONT. */
  get pid(): number | undefined {
    return this.#process?.pid;
  }

  /** Sends a signal, and waits until the process has ended. */
  async end(signal: NodeJS.Signals): Promise<void> {
    const server = this.#process;
    this.#process = undefined;
    if (server === undefined || server.exitCode !== null || server.signalCode !== null) return;
    const ended = once(server, "exit");
    server.kill(signal);
    await ended;
  }

  /** Removes the data of a server that has ended. */
  remove(): void {
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
  }
}
