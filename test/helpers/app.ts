import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";
import type { Receiver } from "airudder-webhooks";
import express5 from "express";
import express4 from "express4";

/** Something to run before the receiver, such as a body parser. */
export type Before = (app: ReturnType<typeof express5>, express: typeof express5) => void;

/** The servers that the receiver is mounted in. */
export const HOSTS = {
  "Express 5": (receiver: Receiver, before?: Before) => expressApp(express5, receiver, before),
  "Express 4": (receiver: Receiver, before?: Before) => expressApp(express4, receiver, before),
  "node:http": (receiver: Receiver) => receiver as RequestListener,
} as const;

export type Host = keyof typeof HOSTS;

function expressApp(express: typeof express5, receiver: Receiver, before?: Before): RequestListener {
  const app = express();
  before?.(app, express);
  app.use("/", receiver);
  return app;
}

/** A server on a free port of loopback, closed after the test. */
export async function serve(t: TestContext, listener: RequestListener): Promise<{ url: string; server: Server }> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server };
}
