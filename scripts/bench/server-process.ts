/** One server of the bench, in a process of its own: started with its name, it says which port it listens on. */
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { exposeFunctions } from "../child-functions.js";
import { contenders } from "./servers.js";

const name = process.argv[2] as keyof typeof contenders;
const made = await contenders[name](process.argv.slice(3));
const server = typeof made === "function" ? createServer(made as RequestListener) : made;
server.keepAliveTimeout = 0; // the sides rest longer between their turns than its default
await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));

exposeFunctions((server.address() as AddressInfo).port, {
  usage: () => {
    const { user, system } = process.cpuUsage();
    return { cpuMs: (user + system) / 1000, rss: process.memoryUsage.rss() };
  },
});
