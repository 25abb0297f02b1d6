import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { JournalError } from "airudder-webhooks/journal";
import type { EndLine, Listing, ListingRequest } from "../client/index.js";
import { DevproxyError, usageError } from "../errors.js";
import { type BodyProblem, equalSecrets, readBody } from "../http/index.js";
import type { ReplayEvent, ReplayRequest } from "../replay/index.js";

/** The actions of a running `listen` for other commands. */
export interface ControlActions {
  /** The current state of `listen`, as an object for JSON. */
  state(): Promise<object>;
  list(request: ListingRequest): Promise<Listing>;
  replay(request: ReplayRequest, onEvent: (event: ReplayEvent) => void, signal: AbortSignal): Promise<unknown>;
}

/**
 * Serves the control channel on 127.0.0.1. Rejects requests without the control token, and requests from web pages.
 * @returns `close` aborts the running requests
 */
export async function serveControl(
  controlToken: string,
  actions: ControlActions,
): Promise<{ port: number; close(): void }> {
  const replays = new Map<string, AbortController>();
  const server = createServer((request, response) => {
    void handle(request, response, controlToken, actions, replays).catch(() => response.destroy());
  });
  const port = await new Promise<number>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port));
  });
  return { port, close: () => closeNow(server) };
}

function closeNow(server: Server): void {
  server.close();
  server.closeAllConnections();
}

async function handle(
  request: IncomingMessage,
  response: ServerResponse,
  controlToken: string,
  actions: ControlActions,
  replays: Map<string, AbortController>,
): Promise<void> {
  const { authorization = "", host = "", origin } = request.headers;
  const isTrusted =
    equalSecrets(authorization, `Bearer ${controlToken}`) && /^127\.0\.0\.1:\d+$/.test(host) && origin === undefined;
  if (!isTrusted) return void response.writeHead(401).end();
  const { method, url = "" } = request;
  if (method === "GET" && url === "/state") {
    const state = JSON.stringify(await actions.state());
    return void response.writeHead(200, { "content-type": "application/json" }).end(state);
  }
  if (method === "POST" && url === "/list") return serveListing(request, response, actions);
  const isReplay = /^\/replay\/[\w-]+$/.test(url);
  if (isReplay && method === "DELETE") {
    replays.get(url)?.abort();
    return void response.writeHead(200).end();
  }
  if (!isReplay || method !== "POST") return void response.writeHead(404).end();
  const stop = new AbortController();
  replays.set(url, stop);
  await serveReplay(request, response, actions, stop).finally(() => replays.delete(url));
}

async function serveListing(
  request: IncomingMessage,
  response: ServerResponse,
  actions: ControlActions,
): Promise<void> {
  const body = await readBody(request);
  if (!Buffer.isBuffer(body)) return void response.writeHead(400).end();
  const listing = await actions.list(JSON.parse(body.toString()) as ListingRequest);
  response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(listing));
}

/** Runs a replay until it ends, is stopped, or its client disconnects. */
async function serveReplay(
  request: IncomingMessage,
  response: ServerResponse,
  actions: ControlActions,
  stop: AbortController,
): Promise<void> {
  const body = await readBody(request);
  response.on("close", () => stop.abort());
  response.on("error", () => undefined); // the client has disconnected; the replay is being stopped
  response.writeHead(200, { "content-type": "application/x-ndjson" });
  const print = (line: ReplayEvent | EndLine) => {
    if (!response.destroyed) response.write(`${JSON.stringify(line)}\n`);
  };
  try {
    await actions.replay(parseReplayRequest(body), print, stop.signal);
    print({ event: "end" });
  } catch (error) {
    print(errorLine(error));
  }
  response.end();
}

/** @throws DevproxyError `usage` */
function parseReplayRequest(body: Buffer | BodyProblem): ReplayRequest {
  if (typeof body === "string") throw usageError(`The replay request could not be read: ${body}.`);
  try {
    return JSON.parse(body.toString()) as ReplayRequest;
  } catch {
    throw usageError("The replay request is not JSON.");
  }
}

function errorLine(error: unknown): EndLine {
  const { message } = error as Error;
  if (error instanceof DevproxyError) return { event: "error", code: error.code, message, exit: error.exit };
  if (error instanceof JournalError) return { event: "error", code: error.code, message, exit: 3 };
  return { event: "error", code: "internal", message, exit: 1 };
}
