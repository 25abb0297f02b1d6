import type { Server } from "node:http";

/**
 * Turns off the connection timeouts of a server behind a tunnel. The tunnel client connects long before it has a request. By default, Node
 * responds 408 on a connection that has been silent for a minute, and the client would return that for the next push. By default, Node also
 * closes idle keep-alive connections, on which the client may be sending the next push.
 * @example const server = behindTunnel(http.createServer(app)).listen(0, "127.0.0.1");
 */
export function behindTunnel<S extends Server>(server: S): S {
  server.headersTimeout = 0;
  server.requestTimeout = 0;
  server.keepAliveTimeout = 0;
  return server;
}
