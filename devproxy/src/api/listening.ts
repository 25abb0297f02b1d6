import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { DevproxyError } from "../errors.js";

/** Number of ports to try, beginning with the requested one. */
const MAX_PORTS = 20;

/**
 * Listens on 127.0.0.1: on the requested port, else on one of the next 19, else on any free port.
 * @param port 0 selects a free one
 * @param reserved a port to leave free: that of the app, which may start later
 * @returns the port
 * @throws DevproxyError `port_refused`
 */
export async function listenOnNextFree(server: Server, port: number, reserved: number | undefined): Promise<number> {
  const requested = Array.from({ length: port === 0 ? 0 : MAX_PORTS }, (_, i) => port + i);
  for (const candidate of requested.filter((one) => one <= 65_535 && one !== reserved)) {
    if (await listenOn(server, candidate)) break;
  }
  if (!server.listening && !(await listenOn(server, 0)))
    throw new DevproxyError("port_refused", "No port on 127.0.0.1 is free for the API of listen.", 1);
  return (server.address() as AddressInfo).port;
}

/** Whether the server listens on the port now. */
function listenOn(server: Server, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const fail = () => resolve(false);
    server.once("error", fail);
    server.listen(port, "127.0.0.1", () => {
      server.off("error", fail);
      resolve(true);
    });
  });
}
