import assert from "node:assert/strict";
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { TestContext } from "node:test";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { atEnd } from "./at-end.js";
import { programs } from "./devproxy-programs.js";
import { until } from "./until.js";

/** The result of a call of a tool. */
export interface ToolResult {
  isError: boolean;
  /** The text blocks. */
  texts: string[];
  // biome-ignore lint/suspicious/noExplicitAny: JSON of a server
  data: any;
}

/** `airudder-devproxy mcp` in a process of its own, and the official client connected to it. */
export class McpProcess {
  /** What the server printed to standard error. */
  err = "";

  private constructor(
    readonly client: Client,
    readonly transport: StdioClientTransport,
  ) {}

  /** Starts it. It ends when the test ends. */
  static async start(
    t: TestContext,
    args: readonly string[],
    { cwd, ...env }: { cwd?: string } & Record<string, string> = {},
  ): Promise<McpProcess> {
    const { exitWithParent, cli } = programs();
    const transport = new StdioClientTransport({
      command: process.execPath,
      args: ["--import", exitWithParent, cli, "mcp", ...args],
      env,
      ...(cwd === undefined ? {} : { cwd }),
      stderr: "pipe",
    });
    const client = new Client({ name: "test", version: "1.0.0" });
    const started = new McpProcess(client, transport);
    transport.stderr?.on("data", (chunk) => {
      started.err += chunk;
    });
    atEnd(t, () => client.close());
    await client.connect(transport);
    return started;
  }

  async call(name: string, given: Record<string, unknown> = {}): Promise<ToolResult> {
    const result = await this.client.callTool({ name, arguments: given });
    const texts = (result.content as { text: string }[]).map(({ text }) => text);
    return { isError: result.isError === true, texts, data: result.structuredContent };
  }
}

/** `airudder-devproxy mcp` in a process of its own, without a client: lines in, lines out. */
export class RawMcp {
  /** The messages of the server. Anything that is not JSON fails the test. */
  // biome-ignore lint/suspicious/noExplicitAny: JSON of a server
  readonly lines: any[] = [];
  err = "";
  #problem: string | undefined;

  private constructor(readonly child: ChildProcessWithoutNullStreams) {
    createInterface({ input: child.stdout }).on("line", (line) => {
      try {
        this.lines.push(JSON.parse(line));
      } catch {
        this.#problem = `The server printed a line that is not JSON: ${line}`;
      }
    });
    child.stderr.on("data", (chunk) => {
      this.err += chunk;
    });
    child.stdin.on("error", () => undefined);
  }

  static start(t: TestContext, args: readonly string[]): RawMcp {
    const { exitWithParent, cli } = programs();
    const child = spawn(process.execPath, ["--import", exitWithParent, cli, "mcp", ...args]);
    atEnd(t, () => child.kill("SIGKILL"));
    return new RawMcp(child);
  }

  /** Sends a line: bytes, a text, or a value as JSON. */
  write(line: unknown): void {
    this.child.stdin.write(Buffer.isBuffer(line) || typeof line === "string" ? line : JSON.stringify(line));
    this.child.stdin.write("\n");
  }

  /** The n-th message of the server, from 1. */
  // biome-ignore lint/suspicious/noExplicitAny: JSON of a server
  async response(n: number): Promise<any> {
    await until(() => this.lines.length >= n || this.#problem !== undefined || this.child.exitCode !== null, 20_000);
    assert.equal(this.#problem, undefined);
    assert.ok(this.lines.length >= n, `the server has ended: ${this.err}`);
    return this.lines[n - 1];
  }

  /** Sends a line, and returns the next message that matches. */
  // biome-ignore lint/suspicious/noExplicitAny: JSON of a server
  async request(line: unknown, isResponse: (message: any) => boolean = () => true): Promise<any> {
    let n = this.lines.length + 1;
    this.write(line);
    let found = await this.response(n);
    while (!isResponse(found)) found = await this.response(++n);
    return found;
  }

  /** Closes the input. Returns the exit code. */
  async end(): Promise<number | null> {
    const closed = once(this.child, "close");
    this.child.stdin.end();
    const [code] = await closed;
    assert.equal(this.#problem, undefined);
    return code;
  }
}
