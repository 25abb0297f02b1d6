import { subscribe } from "node:diagnostics_channel";
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { createLocaltunnelServer, onNameReleased } from "./localtunnel-server-create.js";

/** How the server behaves: normally, with a bad response to each request, or by assigning another name than the requested one. */
export type ServerMode = "normal" | "500" | "html" | "garbage" | "empty" | "silent" | "rename";

const sockets = new Set<Socket>();
subscribe("net.server.socket", (message) => {
  const { socket } = message as { socket: Socket };
  sockets.add(socket);
  socket.once("close", () => sockets.delete(socket));
});

let mode = (process.argv[3] ?? "normal") as ServerMode;
const bad: Partial<Record<ServerMode, (response: ServerResponse) => void>> = {
  "500": (response) => response.writeHead(500).end("Internal Server Error"),
  html: (response) => response.setHeader("content-type", "text/html").end("<!doctype html><title>Welcome</title>"),
  garbage: (response) => response.setHeader("content-type", "application/json").end('{"id": "demo", "po'),
  empty: (response) => response.setHeader("content-type", "application/json").end("{}"),
  silent: () => {},
};

onNameReleased((released) => process.send?.({ released }));
const server = createLocaltunnelServer();
const listeners = server.listeners("request") as RequestListener[];
server.removeAllListeners("request");
server.on("request", (request: IncomingMessage, response: ServerResponse) => {
  const respond = bad[mode];
  if (respond) return respond(response);
  const isNameRequest = !/\.localhost(:|$)/.test(request.headers.host ?? "");
  if (mode === "rename" && isNameRequest) request.url = `/other-${Date.now()}`;
  for (const listener of listeners) listener.call(server, request, response as Parameters<RequestListener>[1]);
});

process.on("message", (message: { mode?: ServerMode; drop?: boolean }) => {
  if (message.mode) mode = message.mode;
  if (message.drop) for (const socket of sockets) socket.destroy();
  process.send?.({ done: true });
});
process.on("disconnect", () => process.exit());
// localtunnel-server's own start script does the same: a broken relayed connection must not end the process.
process.on("uncaughtException", () => {});

server.listen(Number(process.argv[2] ?? 0), "127.0.0.1", () => {
  process.send?.({ port: (server.address() as AddressInfo).port });
});
