/** Runs one of the servers in its own process. The first argument is its name; `ready` is its port. */
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { exposeFunctions } from "../child-functions.js";
import { servers } from "./servers.js";

const name = process.argv[2] as keyof typeof servers;
const created = await servers[name](process.argv.slice(3));
const server = typeof created === "function" ? createServer(created as RequestListener) : created;
server.keepAliveTimeout = 0; // a server pauses between its rounds for longer than the default
await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));

exposeFunctions((server.address() as AddressInfo).port, {
  usage: () => {
    const { user, system } = process.cpuUsage();
    return { cpuMs: (user + system) / 1000, rss: process.memoryUsage.rss() };
  },
});
