import assert from "node:assert/strict";
import { execFile, spawnSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import type { TestContext } from "node:test";
import { promisify } from "node:util";
import { atEnd } from "./at-end.js";
import { serviceTest } from "./service.js";

const run = promisify(execFile);

const missing = spawnSync("tmux", ["-V"]).status === 0 ? undefined : "no tmux: install the package tmux";

/** A test that needs a terminal. */
export function terminalTest(name: string, run: (t: TestContext) => Promise<void>): void {
  serviceTest(missing, name, run);
}

/** A loaded machine may need seconds to start a program. */
const LIMIT_MS = 30_000;

/** A program in a terminal of tmux. */
export class TmuxTerminal {
  private constructor(private readonly socket: string) {}

  /**
   * Starts a program, without the environment of this process. The terminal stays after the program has ended. It is removed after the test.
   * @param size columns and rows
   */
  static async start(
    t: TestContext,
    command: readonly string[],
    { size: [columns, rows], env = {} }: { size: [columns: number, rows: number]; env?: Record<string, string> },
  ): Promise<TmuxTerminal> {
    const socket = `airudder-test-${randomUUID()}`;
    const { PATH = "", HOME = "" } = process.env;
    const clean = { PATH, HOME, LANG: "C.UTF-8", TERM: "xterm-256color", ...env };
    // The exit status that tmux itself reports is sometimes missing.
    const script = `trap : INT; "$@"; echo "exit code $?"; exec sleep 600`;
    const words = ["sh", "-c", script, "sh", ...command].map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(" ");
    const size = ["-x", String(columns), "-y", String(rows)];
    const session = ["new-session", "-d", "-s", "test", ...size, words];
    await run("tmux", ["-L", socket, "-f", "/dev/null", ...session], { env: clean });
    const terminal = new TmuxTerminal(socket);
    atEnd(t, () => terminal.#tmux("kill-server").catch(() => undefined));
    return terminal;
  }

  /** Presses keys: characters, or names such as `Up`, `Escape`, `C-c`. */
  async press(...keys: string[]): Promise<void> {
    await this.#tmux("send-keys", "-t", "test", ...keys);
  }

  /** Pastes a text. @param isMarked whether the terminal marks it, if the program has requested that */
  async paste(text: string, isMarked: boolean): Promise<void> {
    await this.#tmux("set-buffer", text);
    await this.#tmux("paste-buffer", ...(isMarked ? ["-p"] : []), "-t", "test");
  }

  async resize(columns: number, rows: number): Promise<void> {
    await this.#tmux("resize-window", "-t", "test", "-x", String(columns), "-y", String(rows));
  }

  /** The visible lines, without empty ones at the end. */
  async screen(): Promise<string[]> {
    return (await this.#tmux("capture-pane", "-p", "-t", "test")).trimEnd().split("\n");
  }

  /** All lines, also those that were scrolled out. Lines that the terminal has wrapped are joined. */
  async history(): Promise<string[]> {
    return (await this.#tmux("capture-pane", "-p", "-J", "-S", "-", "-t", "test")).trimEnd().split("\n");
  }

  /** Waits until a visible line matches, and returns it. Fails after 30 s. */
  async shows(
    pattern: RegExp,
    where: "anywhere" | "above the last line" | "in the last line" = "anywhere",
  ): Promise<string> {
    const deadline = Date.now() + LIMIT_MS;
    for (;;) {
      const lines = await this.screen();
      const searched =
        where === "anywhere" ? lines : where === "in the last line" ? lines.slice(-1) : lines.slice(0, -1);
      const found = searched.find((line) => pattern.test(line));
      if (found !== undefined) return found;
      assert.ok(Date.now() < deadline, `${pattern} is not ${where}:\n${lines.join("\n")}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** Waits until the program has ended, and returns its exit code. Fails after 30 s. */
  async ended(): Promise<number> {
    return Number(/\d+/.exec(await this.shows(/^exit code \d+$/))?.[0]);
  }

  /** Whether the terminal shows its cursor. */
  async hasCursor(): Promise<boolean> {
    return (await this.#tmux("display-message", "-p", "-t", "test", "#{cursor_flag}")).trim() === "1";
  }

  async #tmux(...args: string[]): Promise<string> {
    return (await run("tmux", ["-L", this.socket, ...args])).stdout;
  }
}
