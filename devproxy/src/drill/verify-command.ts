import { type ChildProcess, spawn } from "node:child_process";
import type { Redactor } from "../privacy/index.js";
import { killTree } from "../tunnel/index.js";
import { errorLine } from "./redaction.js";

const TIMEOUT_MS = 30_000;
/** Maximum size of the output, bytes. */
const MAX_OUTPUT_BYTES = 10 * 1024 * 1024;

/** The command of `--verify`, which is run in a shell. */
export class VerifyCommand {
  readonly #running = new Set<ChildProcess>();

  constructor(
    private readonly command: string,
    private readonly redactor: Redactor,
  ) {}

  /**
   * Runs the command, and returns what it prints.
   * @returns a number, or any other JSON value
   * @throws Error, on one line: the command exits with another code than 0, prints neither a number nor JSON, prints more than 10 MB, or runs
   * longer than 30 s
   */
  async run(): Promise<unknown> {
    const { code, out, err } = await this.#runInShell();
    if (code !== 0) {
      const line = errorLine(err, this.redactor);
      throw new Error(`the command of --verify exited with ${code}${line && `: ${line.replace(/\.$/, "")}`}.`);
    }
    try {
      return JSON.parse(out.replace(/^\ufeff/, "")) as unknown;
    } catch {
      const what = out.trim() === "" ? "nothing" : "neither a number nor JSON";
      throw new Error(`the command of --verify printed ${what}. Let it print a row count, or a JSON value.`);
    }
  }

  /** Kills the command if it runs, and every process that it started. */
  killNow(): void {
    for (const { pid } of this.#running) if (pid !== undefined) killTree(pid);
  }

  /** @throws Error if the command cannot be started, prints too much, or runs too long */
  #runInShell(): Promise<{ code: number | string; out: string; err: string }> {
    return new Promise((resolve, reject) => {
      const child = spawn(this.command, {
        shell: true,
        windowsHide: true,
        detached: process.platform !== "win32",
        stdio: ["ignore", "pipe", "pipe"],
      });
      this.#running.add(child);
      const end = () => {
        clearTimeout(timer);
        this.#running.delete(child);
      };
      const fail = (problem: string) => {
        end();
        reject(new Error(`the command of --verify ${problem}`));
        if (child.pid !== undefined) killTree(child.pid);
      };
      const timer = setTimeout(() => fail(`did not end within ${TIMEOUT_MS / 1_000} s.`), TIMEOUT_MS);
      const read = (stream: NodeJS.ReadableStream, onTooLarge: () => void) => {
        const chunks: Buffer[] = [];
        let size = 0;
        stream.on("data", (chunk: Buffer) => {
          size += chunk.length;
          if (size <= MAX_OUTPUT_BYTES) chunks.push(chunk);
          else onTooLarge();
        });
        return () => Buffer.concat(chunks).toString();
      };
      const out = read(child.stdout, () =>
        fail("printed too much: more than 10 MB. Let it print a row count, or fewer rows."),
      );
      const err = read(child.stderr, () => undefined);
      child.on("error", (error) => fail(`cannot be started: ${error.message}.`));
      child.on("close", (code, signal) => {
        end();
        resolve({ code: code ?? String(signal), out: out(), err: err() });
      });
    });
  }
}
