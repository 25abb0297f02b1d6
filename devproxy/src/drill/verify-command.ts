import { spawn } from "node:child_process";
import { redactProgramLine } from "../privacy/index.js";
import { killTree } from "../tunnel/index.js";

const TIMEOUT_MS = 30_000;
/** Maximum size of the output that is kept, bytes. */
const MAX_OUTPUT_BYTES = 10 * 1024 * 1024;

/**
 * Runs the command of `--verify` in a shell, and returns what it prints.
 * @returns a number, or any other JSON value
 * @throws Error, on one line: the command exits with another code than 0, prints neither a number nor JSON, or runs longer than 30 s
 */
export async function runVerify(command: string): Promise<unknown> {
  const { code, out, err } = await runInShell(command);
  if (code !== 0) {
    const [line = ""] = err.trim().split("\n").slice(-1);
    const cause = line === "" ? "" : `: ${redactProgramLine(line.slice(0, 200))}`;
    throw new Error(`the command of --verify exited with ${code}${cause}.`);
  }
  try {
    return JSON.parse(out.replace(/^\ufeff/, "")) as unknown;
  } catch {
    const what = out.trim() === "" ? "nothing" : "neither a number nor JSON";
    throw new Error(`the command of --verify printed ${what}. Let it print a row count, or a JSON value.`);
  }
}

/** @throws Error if the command cannot be started, or runs too long */
function runInShell(command: string): Promise<{ code: number | string; out: string; err: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, {
      shell: true,
      windowsHide: true,
      detached: process.platform !== "win32",
      stdio: ["ignore", "pipe", "pipe"],
    });
    const timer = setTimeout(() => {
      reject(new Error(`the command of --verify did not end within ${TIMEOUT_MS / 1_000} s.`));
      if (child.pid !== undefined) killTree(child.pid);
    }, TIMEOUT_MS);
    const read = (stream: NodeJS.ReadableStream) => {
      const chunks: Buffer[] = [];
      let size = 0;
      stream.on("data", (chunk: Buffer) => {
        if (size < MAX_OUTPUT_BYTES) chunks.push(chunk);
        size += chunk.length;
      });
      return () => Buffer.concat(chunks).toString();
    };
    const [out, err] = [read(child.stdout), read(child.stderr)];
    child.on("error", (error) => {
      clearTimeout(timer);
      reject(new Error(`the command of --verify cannot be started: ${error.message}.`));
    });
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      resolve({ code: code ?? String(signal), out: out(), err: err() });
    });
  });
}
