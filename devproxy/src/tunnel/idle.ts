import type { Server } from "node:http";

/**
 * Makes a server fit to stand behind a tunnel, which connects long before a request comes. Node's default answers 408 on a
 * connection that has been silent for a minute; the relay would hand that to the next push. Nor may the server
 * end a kept-alive connection on its own: the relay may be sending the next push on it.
 * @example const server = behindTunnel(http.createServer(app)).listen(0, "127.0.0.1");
 */
export function behindTunnel<S extends Server>(server: S): S {
  server.headersTimeout = 0;
  server.requestTimeout = 0;
  server.keepAliveTimeout = 0;
  return server;
}
