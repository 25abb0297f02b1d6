import { type Server, type ServerResponse, STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import type { Listener } from "../events.js";
import { Rejections } from "./rejections.js";

const REPORT_INTERVAL_MS = 60_000;

/** Rejects requests that are not valid HTTP. Reports at most one per minute, because anybody may send them. */
export function rejectMalformed(server: Server, listener: Listener): void {
  const rejections = new Rejections(listener);
  const responses = new WeakMap<object, ServerResponse>();
  let reportedAt = Number.NEGATIVE_INFINITY;
  const report = (status: number, code: string, message: string) => {
    const now = performance.now();
    if (now - reportedAt < REPORT_INTERVAL_MS) return;
    reportedAt = now;
    rejections.report(status, code, message);
  };
  server.prependListener("request", (request, response) => responses.set(request.socket, response));
  server.on("clientError", (error: NodeJS.ErrnoException, duplex) => {
    const socket = duplex as Socket;
    const { code = "" } = error;
    const response = responses.get(socket);
    const isResponding = response !== undefined && !response.writableFinished;
    const status = code === "HPE_HEADER_OVERFLOW" ? 431 : 400;
    if (socket.writable && !(isResponding && response.headersSent)) {
      socket.write(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\n\r\n`);
    }
    socket.destroy(error);
    // An incomplete body is reported by the code that handles its request.
    if (code.startsWith("HPE_") && !isResponding) report(status, "malformed", `It is not valid HTTP (${code}).`);
  });
  server.on("checkExpectation", (_, response) => {
    response.writeHead(417).end();
    report(417, "unknown_expectation", "Its Expect header has an unknown value.");
  });
}
