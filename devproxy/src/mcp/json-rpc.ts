import { isUtf8 } from "node:buffer";

/** Error codes of JSON-RPC 2.0. */
export const RPC_CODES = {
  parseError: -32700,
  invalidRequest: -32600,
  methodNotFound: -32601,
  invalidParams: -32602,
  internalError: -32603,
} as const;

export type RequestId = string | number;

/** An error that is returned to the client as a JSON-RPC error. */
export class RpcError extends Error {
  override readonly name = "RpcError";

  /**
   * @param code one of `RPC_CODES`
   * @param id the request that caused it, if it is known
   */
  constructor(
    readonly code: number,
    message: string,
    readonly id: RequestId | null = null,
  ) {
    super(message);
  }
}

/** A message of the client. Responses are ignored, because the server sends no requests. */
export type Message =
  | { kind: "request"; id: RequestId; method: string; params: Record<string, unknown> }
  | { kind: "notification"; method: string; params: Record<string, unknown> }
  | { kind: "response" };

/**
 * Parses a line as JSON.
 * @throws RpcError `parseError`
 */
export function parseLine(bytes: Buffer): unknown {
  if (!isUtf8(bytes)) throw new RpcError(RPC_CODES.parseError, "The message is not UTF-8.");
  try {
    return JSON.parse(bytes.toString("utf8"));
  } catch {
    throw new RpcError(RPC_CODES.parseError, "The message is not JSON.");
  }
}

/**
 * Checks that a value is a JSON-RPC message.
 * @throws RpcError `invalidRequest`, `invalidParams`
 */
export function messageOf(value: unknown): Message {
  if (!isObject(value)) throw new RpcError(RPC_CODES.invalidRequest, "The message is not an object.");
  const { jsonrpc, id, method, params = {} } = value;
  const knownId = isRequestId(id) ? id : null;
  const invalid = (message: string) => new RpcError(RPC_CODES.invalidRequest, message, knownId);
  if (jsonrpc !== "2.0") throw invalid('The member jsonrpc is not "2.0".');
  if (method === undefined && ("result" in value || "error" in value)) return { kind: "response" };
  if (typeof method !== "string") throw invalid("The member method is not a string.");
  if ("id" in value && knownId === null) throw invalid("The member id is not a string or a whole number.");
  if (!isObject(params)) throw new RpcError(RPC_CODES.invalidParams, "The member params is not an object.", knownId);
  return knownId === null ? { kind: "notification", method, params } : { kind: "request", id: knownId, method, params };
}

export function isRequestId(value: unknown): value is RequestId {
  return typeof value === "string" || Number.isInteger(value);
}

/** Whether a JSON value is an object, not an array. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
