/** Runs one server in its own process: the app, the dev proxy, or another proxy. */
import { Agent, createServer, type RequestListener, request, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { startDevproxy } from "airudder-devproxy";
import express from "express";
import { createProxyMiddleware } from "http-proxy-middleware";
import { exposeFunctions } from "../../child-functions.js";

const [name, target = "", folder = ""] = process.argv.slice(2);
const agent = new Agent({ keepAlive: true });

const servers: Record<string, () => RequestListener> = {
  app: () => (incoming, response) => {
    incoming.on("end", () => response.setHeader("content-type", "application/json").end("{}")).resume();
  },
  "http-proxy-middleware": () => express().use(createProxyMiddleware({ target: new URL(target).origin, agent })),
  "plain pipe": () => (incoming, response) => {
    const { method, url, headers } = incoming;
    const outgoing = request(new URL(String(url), target), { method: String(method), headers, agent }, (received) => {
      response.writeHead(received.statusCode ?? 502, received.headers);
      received.pipe(response);
    });
    incoming.pipe(outgoing);
  },
};

async function listen(listener: RequestListener): Promise<number> {
  const server: Server = createServer(listener);
  server.keepAliveTimeout = 0;
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

async function start(): Promise<number> {
  const listener = servers[String(name)];
  if (listener !== undefined) return listen(listener());
  const proxy = await startDevproxy({ target, tunnel: "none", journal: folder });
  return Number(new URL(proxy.localUrl).port);
}

exposeFunctions(await start(), {
  usage: () => {
    const { user, system } = process.cpuUsage();
    return { cpuMs: (user + system) / 1000, rss: process.memoryUsage.rss() };
  },
});
