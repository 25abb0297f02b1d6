import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import express, { type Express } from "express";
import { DevproxyError } from "../errors.js";
import type { Listener } from "../events.js";
import { BODY_TIMEOUT_MS, MAX_BODY_BYTES, readBody } from "../http/index.js";
import type { Store } from "../journal/index.js";
import type { LiveDelivery } from "../queue/index.js";
import { behindTunnel } from "../tunnel/index.js";
import type { ActiveResponses } from "./active-responses.js";
import { BodyMemory } from "./body-memory.js";
import { respondToPing } from "./ping.js";
import { contentOfRequest, describeRequest } from "./record.js";
import { Rejections } from "./rejections.js";
import { routeOf } from "./route.js";
import { sendError, sendResponse } from "./send-response.js";
import { addRecordedPush, takeTestCause } from "./test-push.js";
import type { Traffic } from "./traffic.js";

export interface IngressOptions {
  /** The secret in the path of the public URL. */
  secret: string;
  /** Authorizes test pushes: the token of the control channel. */
  controlToken: string;
  /** Key of `Sign`. Default: the vendor's published key. */
  key: string | undefined;
  store: Store;
  live: LiveDelivery;
  listener: Listener;
  traffic: Traffic;
  /** Time limit for a body to arrive, ms. Default: 8000. */
  bodyMs?: number | undefined;
  /** Receives requests that are neither pushes nor pings. Default: they are rejected with 404. */
  passThrough?: ((request: IncomingMessage, response: ServerResponse) => void) | undefined;
}

/**
 * Creates the ingress, which receives pushes at `/in/<secret>`. It records each push, then sends the response of the app, or an
 * acknowledgement if the app does not respond in time.
 */
export function createIngress(options: IngressOptions, active: ActiveResponses): Express {
  const rejections = new Rejections(options.listener);
  const memory = new BodyMemory();
  const ingress = express();
  ingress.disable("x-powered-by");
  ingress.use((request, response) => {
    active.add(response);
    const route = routeOf(request.url, options.secret);
    if (route === "ping") return respondToPing(request, response, options.secret);
    if (route === "push") {
      return receivePush(request, response, options, rejections, memory).catch(({ message }: Error) => {
        sendError(response, 503, "journal_unavailable", `The push could not be recorded: ${message}`);
        const what =
          "The response was 503, so that Airudder retries. A push, or its acknowledgement, could not be recorded";
        options.listener({ event: "note", code: "not_recorded", message: `${what}: ${message}` });
      });
    }
    if (options.passThrough) return options.passThrough(request, response);
    rejections.rejectWrongPath(response);
  });
  return ingress;
}

async function receivePush(
  request: IncomingMessage,
  response: ServerResponse,
  { store, live, listener, traffic, key, controlToken, bodyMs = BODY_TIMEOUT_MS }: IngressOptions,
  rejections: Rejections,
  memory: BodyMemory,
): Promise<void> {
  if (request.method !== "POST") {
    response.setHeader("allow", "POST");
    return rejections.reject(response, 405, "method_not_allowed", "Pushes are sent by POST.");
  }
  const receivedAt = performance.now();
  traffic.seen++;
  const body = await readBody(request, MAX_BODY_BYTES, bodyMs);
  if (body === "aborted") return;
  if (body === "broken") return rejections.report(400, "broken_body", "The body is not valid HTTP.");
  if (body === "timed_out") {
    return rejections.reject(response, 408, "body_timeout", "The body did not arrive in time.");
  }
  if (body === "too_large") {
    return rejections.reject(response, 413, "too_large", `The body is larger than ${MAX_BODY_BYTES / 1024 / 1024} MB.`);
  }
  const arrivedAt = performance.now();
  const testCause = takeTestCause(request, controlToken);
  const content = contentOfRequest(request, body);
  const { head, signProblem } = describeRequest(request, content, key, testCause);
  const row = await store.recordPush(head, content);
  traffic.recorded++;
  const { id, seq, type, verified, drift = 0 } = row.push;
  listener({ event: "push", id, seq, type, verified, drift, ...(signProblem === undefined ? {} : { signProblem }) });
  const { response: appResponse, appMs } = await live.deliver(row, content, receivedAt);
  if (appMs !== undefined) response.once("finish", () => traffic.addResponse(performance.now() - arrivedAt, appMs));
  if (testCause !== undefined) addRecordedPush(response, row, appResponse);
  sendResponse(request, response, appResponse);
  memory.add(body.length);
}

/**
 * Listens on 127.0.0.1.
 * @throws DevproxyError `port_in_use`, `port_refused`
 */
export function listen(ingress: Express, port: number): Promise<Server> {
  const server = behindTunnel(createServer(ingress));
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      const inUse = error.code === "EADDRINUSE";
      const why = inUse ? "is in use by another program" : `cannot be used (${error.code})`;
      reject(
        new DevproxyError(
          inUse ? "port_in_use" : "port_refused",
          `Port ${port} ${why}. Use another port, or --port 0 for a free one.`,
        ),
      );
    });
    server.listen(port, "127.0.0.1", () => resolve(server));
  });
}

/** The port of a listening server. */
export function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}
