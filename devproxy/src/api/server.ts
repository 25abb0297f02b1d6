import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { DevproxyEvent } from "../events.js";
import { FILTERS } from "../journal/index.js";
import { Redactor } from "../privacy/index.js";
import { checkOrigin, checkSingle, checkToken } from "./access.js";
import { BodyFacts } from "./body-facts.js";
import type { ApiContext, ApiOptions } from "./context.js";
import { pushBody, pushCurl, pushDetail } from "./detail.js";
import { diff } from "./diff.js";
import { runDoctor } from "./doctor.js";
import { driftOfPushes } from "./drift.js";
import { EventHub } from "./event-hub.js";
import { exportPushes } from "./exports.js";
import { ApiFailure, errorBody, failureOf, usage } from "./failure.js";
import { StateHistory } from "./history.js";
import { causeOf } from "./journal-moved.js";
import { listenOnNextFree } from "./listening.js";
import { listPushes } from "./listing.js";
import { isPageFile, sendPageFile } from "./page-files.js";
import { addPin, deletePin, listPins } from "./pins.js";
import { PushTable } from "./push-table.js";
import { startReplay, stopReplay } from "./replays.js";
import { ApiRequest } from "./request.js";
import { RunningReplays } from "./running-replays.js";
import { listRows, readState } from "./state.js";
import { stats } from "./stats.js";
import { listStories } from "./stories.js";
import { sendTriggers } from "./triggers.js";
import type { StateStreamEvent } from "./types.js";
import { validateBody } from "./validate.js";

const PREFIX = "/api/v1";

/** Headers of every response. */
const HEADERS: Readonly<Record<string, string>> = {
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cache-control": "no-store",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
};

const FILTER_NAMES = Object.keys(FILTERS);

/** An endpoint. `handle` returns the body of the response, or sends the response itself. */
interface Route {
  method: string;
  /** The groups are the ids of the path. */
  path: RegExp;
  /** Allowed parameters of the query, besides `reveal`. */
  parameters: readonly string[];
  handle(request: ApiRequest): Promise<unknown>;
}

const ROUTES: readonly Route[] = [
  route("GET", /^\/state$/, readState, ["secrets"]),
  route("GET", /^\/rows$/, listRows, [...FILTER_NAMES, "last"]),
  route("GET", /^\/pushes$/, listPushes, [...FILTER_NAMES, "before", "after", "limit"]),
  route("GET", /^\/pushes\/([^/]+)$/, pushDetail),
  route("GET", /^\/pushes\/([^/]+)\/body$/, pushBody),
  route("GET", /^\/pushes\/([^/]+)\/curl$/, pushCurl),
  route("GET", /^\/diff$/, diff, ["left", "right"]),
  route("POST", /^\/replays\/([\w-]{1,64})$/, startReplay),
  route("DELETE", /^\/replays\/([\w-]{1,64})$/, stopReplay),
  route("POST", /^\/validate$/, validateBody),
  route("POST", /^\/triggers$/, sendTriggers),
  route("GET", /^\/export$/, exportPushes, [...FILTER_NAMES, "as", "ids", "app", "runner"]),
  route("GET", /^\/pins$/, listPins),
  route("POST", /^\/pins$/, addPin),
  route("DELETE", /^\/pins\/([^/]+)$/, deletePin),
  route("GET", /^\/stories$/, listStories, [...FILTER_NAMES, "before", "limit"]),
  route("GET", /^\/stats$/, stats, ["minutes"]),
  route("GET", /^\/drift$/, driftOfPushes, FILTER_NAMES),
  route("GET", /^\/doctor$/, runDoctor),
  route("GET", /^\/events$/, openEvents),
];

function route(method: string, path: RegExp, handle: Route["handle"], parameters: readonly string[] = []): Route {
  return { method, path, handle, parameters };
}

/** How to serve the API. */
export interface ServeOptions extends ApiOptions {
  /** Port of the page and the API. If it is taken, the next free one is used. `false` serves the API without the page, on a free port. */
  inspect: number | false;
  /** The state for `state` events, without disk access. */
  currentState(): Omit<StateStreamEvent, "event">;
}

/** The running server of the API. */
export interface ApiServer {
  port: number;
  /** Receives each event of `listen`, for the clients of the event stream. */
  onEvent(event: DevproxyEvent): void;
  /** Begins the history with the current states of app and tunnel. */
  recordState(): void;
  /** Aborts the running requests. */
  close(): void;
}

/**
 * Serves the API and the page on 127.0.0.1. Requests to the API need the token. Rejects requests from other web sites.
 * @throws DevproxyError `port_refused`
 */
export async function serveApi(options: ServeOptions): Promise<ApiServer> {
  const { store, inspect, target, currentState } = options;
  const redacting = await Redactor.of(store.dir, false);
  const context: ApiContext = {
    ...options,
    redacting,
    revealing: await Redactor.of(store.dir, true),
    table: new PushTable(store, redacting),
    facts: new BodyFacts(store),
    hub: new EventHub(redacting, () => ({ event: "state", ...currentState() })),
    history: new StateHistory(),
    replays: new RunningReplays(),
  };
  let port = 0;
  const server = createServer((request, response) => {
    void handle(request, response, context, { port, hasPage: inspect !== false });
  });
  port = await listenOnNextFree(server, inspect === false ? 0 : inspect, reservedPort(target));
  // In the background, so that the first request is fast.
  void context.table.update().catch(() => undefined);
  return {
    port,
    onEvent: (event) => {
      context.history.add(event);
      context.hub.emit(event);
    },
    recordState: () => context.history.addState(currentState()),
    close: () => {
      context.hub.close();
      context.table.close();
      context.replays.stopAll();
      server.close();
      server.closeAllConnections();
    },
  };
}

/** The port of an app on this machine, which may start later. */
function reservedPort({ hostname, port }: URL): number | undefined {
  return /^(localhost|127\.|\[::1\])/.test(hostname) ? Number(port) : undefined;
}

async function handle(
  incoming: IncomingMessage,
  response: ServerResponse,
  context: ApiContext,
  { port, hasPage }: { port: number; hasPage: boolean },
): Promise<void> {
  for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
  try {
    checkSingle(incoming);
    checkOrigin(incoming.headers, port);
    const { path, query } = partsOf(incoming.url ?? "");
    if (hasPage && isPageFile(path)) return sendPage(path, incoming, response);
    if (!path.startsWith(`${PREFIX}/`)) throw notFound();
    checkToken(incoming.headers, context.token);
    await callRoute(path.slice(PREFIX.length), query, incoming, response, context);
  } catch (error) {
    sendFailure(await causeOf(error, context).catch(() => error), incoming, response);
  }
}

function partsOf(url: string): { path: string; query: URLSearchParams } {
  const start = url.indexOf("?");
  if (start < 0) return { path: url, query: new URLSearchParams() };
  return { path: url.slice(0, start), query: new URLSearchParams(url.slice(start + 1)) };
}

function sendPage(path: string, { method }: IncomingMessage, response: ServerResponse): void {
  if (method !== "GET" && method !== "HEAD") throw methodNotAllowed(["GET", "HEAD"]);
  sendPageFile(path, response);
}

async function callRoute(
  path: string,
  query: URLSearchParams,
  incoming: IncomingMessage,
  response: ServerResponse,
  context: ApiContext,
): Promise<void> {
  const routes = ROUTES.filter((one) => one.path.test(path));
  if (routes.length === 0) throw notFound();
  const found = routes.find(({ method }) => method === incoming.method);
  if (found === undefined) throw methodNotAllowed(routes.map(({ method }) => method));
  if (found.method === "POST" && !/^application\/json\s*(;|$)/i.test(incoming.headers["content-type"] ?? ""))
    throw new ApiFailure(415, "unsupported_media_type", "Send the body with Content-Type: application/json.");
  checkQuery(query, [...found.parameters, "reveal"]);
  const ids = (found.path.exec(path) ?? []).slice(1).map(decoded);
  const body = await found.handle(new ApiRequest(incoming, response, context, ids, query));
  if (body === undefined || response.headersSent || response.destroyed) return;
  response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(body));
}

/** @throws ApiFailure `usage`, for an unknown or repeated parameter: without this check, a typo in a filter would select all pushes */
function checkQuery(query: URLSearchParams, allowed: readonly string[]): void {
  for (const name of new Set(query.keys())) {
    if (!allowed.includes(name))
      throw usage(`This path has no parameter of that name. Its parameters: ${allowed.join(", ")}.`);
    if (query.getAll(name).length > 1) throw usage(`The parameter ${name} is given more than once.`);
  }
}

/** @throws ApiFailure `usage` */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw usage("The path is not percent-encoded correctly.");
  }
}

async function openEvents({ context, response }: ApiRequest): Promise<void> {
  context.hub.add(response);
}

function notFound(): ApiFailure {
  return new ApiFailure(404, "not_found", `There is nothing at this path. The API is below ${PREFIX}: see API.md.`);
}

function methodNotAllowed(methods: readonly string[]): ApiFailure {
  const allow = methods.join(", ");
  return new ApiFailure(405, "method_not_allowed", `This path supports ${allow}.`, { allow });
}

function sendFailure(error: unknown, incoming: IncomingMessage, response: ServerResponse): void {
  if (response.headersSent) return void response.destroy();
  incoming.resume(); // a body that is not needed
  const { status, headers } = failureOf(error);
  response.writeHead(status, { ...headers, "content-type": "application/json" }).end(JSON.stringify(errorBody(error)));
}
