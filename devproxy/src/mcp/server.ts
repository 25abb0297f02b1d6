import { JournalError } from "airudder-webhooks/journal";
import { DevproxyError } from "../errors.js";
import { TunnelError } from "../tunnel/index.js";
import { checkArguments } from "./arguments.js";
import {
  isObject,
  isRequestId,
  type Message,
  messageOf,
  parseLine,
  type RequestId,
  RPC_CODES,
  RpcError,
} from "./json-rpc.js";
import { type CallResult, dataResult, errorResult } from "./result.js";
import type { Tool } from "./tool.js";

/** The versions of the Model Context Protocol that this server supports, newest first. */
const PROTOCOL_VERSIONS = ["2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05", "2024-10-07"] as const;

/** The only version with batches: a list of messages on one line. */
const VERSION_WITH_BATCHES = "2025-03-26";

/** Maximum number of requests that run at the same time. */
const MAX_RUNNING = 64;

/** The parts of the server that its creator provides. */
export interface ServerOptions {
  tools: readonly Tool[];
  /** Version of this package. */
  version: string;
  /** Text for the assistant, which `initialize` returns. */
  instructions: string;
  /** Sends a message to the client. */
  send(message: object): void;
  /** Reports an unexpected error to the user, on one line. */
  onError(line: string): void;
}

/** A server of the Model Context Protocol. Takes lines, and sends messages. */
export class McpServer {
  readonly #options: ServerOptions;
  readonly #running = new Map<RequestId, AbortController>();
  /** Those of `#running` that call a tool that is not read-only. */
  readonly #changing = new Set<AbortController>();
  readonly #handling = new Set<Promise<void>>();
  #version: string | undefined;

  constructor(options: ServerOptions) {
    this.#options = options;
  }

  /** Handles a line of the client. Resolves when its response has been sent. */
  receive(line: Buffer): Promise<void> {
    const handled = this.#receive(line);
    this.#handling.add(handled);
    return handled.finally(() => this.#handling.delete(handled));
  }

  /** Sends the error for a line that was not kept, because it is longer than `maxBytes`. */
  rejectLongLine(maxBytes: number): void {
    const message = `The message is longer than ${maxBytes} bytes.`;
    this.#send(errorResponse(new RpcError(RPC_CODES.parseError, message)));
  }

  /** Cancels replays and other calls that are not read-only. Resolves when all requests have ended. */
  async close(): Promise<void> {
    for (const running of this.#changing) running.abort();
    await Promise.allSettled(this.#handling);
  }

  async #receive(line: Buffer): Promise<void> {
    let response: object | undefined;
    try {
      const value = parseLine(line);
      response = Array.isArray(value) ? await this.#handleBatch(value) : await this.#handle(value);
    } catch (error) {
      response = errorResponse(error as RpcError);
    }
    if (response === undefined) return;
    try {
      this.#send(response);
    } catch (error) {
      const { id } = response as { id?: RequestId };
      this.#send(errorResponse(this.#internalError(error), id));
    }
  }

  #send(message: object): void {
    this.#options.send(message);
  }

  /** @throws RpcError, if the batch is not allowed */
  async #handleBatch(values: unknown[]): Promise<object | undefined> {
    const invalid = (message: string) => new RpcError(RPC_CODES.invalidRequest, message);
    if (this.#version !== VERSION_WITH_BATCHES)
      throw invalid(`Batches are only part of protocol version ${VERSION_WITH_BATCHES}. Send one message per line.`);
    if (values.length === 0) throw invalid("The batch is empty.");
    if (values.length > MAX_RUNNING) throw invalid(`The batch has more than ${MAX_RUNNING} messages.`);
    const responses = await Promise.all(values.map((value) => this.#handle(value)));
    const sent = responses.filter((response) => response !== undefined);
    return sent.length === 0 ? undefined : sent;
  }

  /** Handles one message. Returns the response; `undefined` if there is none. */
  async #handle(value: unknown): Promise<object | undefined> {
    let id: RequestId | null = null;
    try {
      const message = messageOf(value);
      if (message.kind === "request") {
        id = message.id;
        return await this.#request(message);
      }
      if (message.kind === "notification" && message.method === "notifications/cancelled") this.#cancel(message.params);
      return undefined;
    } catch (error) {
      return errorResponse(error instanceof RpcError ? error : this.#internalError(error), id);
    }
  }

  #cancel({ requestId }: Record<string, unknown>): void {
    if (isRequestId(requestId)) this.#running.get(requestId)?.abort();
  }

  /** @throws RpcError */
  async #request({ id, method, params }: Message & { kind: "request" }): Promise<object | undefined> {
    if (this.#running.has(id)) throw new RpcError(RPC_CODES.invalidRequest, "A request with this id is running.", id);
    if (this.#running.size >= MAX_RUNNING) {
      const message = `${MAX_RUNNING} requests are running. Wait for a response, or cancel one.`;
      throw new RpcError(RPC_CODES.internalError, message, id);
    }
    const controller = new AbortController();
    this.#running.set(id, controller);
    if (this.#toolOf(params)?.annotations.readOnlyHint === false) this.#changing.add(controller);
    try {
      const result = await this.#resultOf(method, params, controller.signal);
      // The client does not wait for the response to a cancelled request.
      return controller.signal.aborted ? undefined : { jsonrpc: "2.0", id, result };
    } catch (error) {
      if (controller.signal.aborted) return undefined;
      throw error;
    } finally {
      this.#running.delete(id);
      this.#changing.delete(controller);
    }
  }

  /** @throws RpcError */
  async #resultOf(method: string, params: Record<string, unknown>, signal: AbortSignal): Promise<object> {
    if (method === "initialize") return this.#initialize(params);
    if (method === "ping") return {};
    if (method === "tools/list") return this.#listTools(params);
    if (method === "tools/call") return this.#callTool(params, signal);
    throw new RpcError(RPC_CODES.methodNotFound, "This server has no such method.");
  }

  #initialize({ protocolVersion }: Record<string, unknown>): object {
    if (typeof protocolVersion !== "string")
      throw new RpcError(RPC_CODES.invalidParams, "The parameter protocolVersion is not a string.");
    const version = PROTOCOL_VERSIONS.find((one) => one === protocolVersion) ?? PROTOCOL_VERSIONS[0];
    this.#version = version;
    return {
      protocolVersion: version,
      capabilities: { tools: {} },
      serverInfo: { name: "airudder-devproxy", title: "Airudder dev proxy", version: this.#options.version },
      instructions: this.#options.instructions,
    };
  }

  #listTools({ cursor }: Record<string, unknown>): object {
    if (cursor !== undefined)
      throw new RpcError(RPC_CODES.invalidParams, "The parameter cursor is unknown: there is one page.");
    return { tools: this.#options.tools.map(({ call: _, ...description }) => description) };
  }

  /** @throws RpcError */
  async #callTool(params: Record<string, unknown>, signal: AbortSignal): Promise<CallResult> {
    const { name, arguments: given = {}, _meta: meta } = params;
    if (typeof name !== "string") throw new RpcError(RPC_CODES.invalidParams, "The parameter name is not a string.");
    const tool = this.#toolOf(params);
    if (tool === undefined) throw this.#unknownTool(name);
    if (!isObject(given)) throw new RpcError(RPC_CODES.invalidParams, "The parameter arguments is not an object.");
    const token = isObject(meta) ? meta.progressToken : undefined;
    const onProgress = (progress: number, total: number) => {
      if (!isRequestId(token) || signal.aborted) return;
      this.#send({
        jsonrpc: "2.0",
        method: "notifications/progress",
        params: { progressToken: token, progress, total },
      });
    };
    try {
      return dataResult(await tool.call(checkArguments(tool.inputSchema, given), { signal, onProgress }));
    } catch (error) {
      const isKnown = error instanceof DevproxyError || error instanceof JournalError || error instanceof TunnelError;
      if (!isKnown) throw error;
      return errorResult(error.message);
    }
  }

  #toolOf({ name }: Record<string, unknown>): Tool | undefined {
    return this.#options.tools.find((tool) => tool.name === name);
  }

  #unknownTool(name: string): RpcError {
    const names = this.#options.tools.map((tool) => tool.name).join(", ");
    const isReplay = name === "replay_push";
    const advice = isReplay ? "The user must start the server with --allow-replay." : `Available tools: ${names}.`;
    const message = isReplay ? "The tool replay_push is turned off." : "There is no such tool.";
    return new RpcError(RPC_CODES.invalidParams, `${message} ${advice}`);
  }

  /** The error for a client. Its message may contain recorded data, so only its class and its code are reported. */
  #internalError(error: unknown): RpcError {
    const { name = "Error", code } = (error ?? {}) as NodeJS.ErrnoException;
    const what = `Unexpected error: ${[name, code].filter((part) => part !== undefined).join(" ")}.`;
    this.#options.onError(what);
    return new RpcError(RPC_CODES.internalError, what);
  }
}

function errorResponse({ code, message, id }: RpcError, knownId: RequestId | null = null): object {
  return { jsonrpc: "2.0", id: id ?? knownId, error: { code, message } };
}
