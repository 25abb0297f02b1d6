import { connect } from "node:net";
import { lookup } from "./lookup.js";

const CONNECT_TIMEOUT_MS = 1_000;

/** Whether something accepts connections at a URL's host and port within 1 s. */
export function isListening(target: URL): Promise<boolean> {
  const port = Number(target.port) || (target.protocol === "https:" ? 443 : 80);
  const host = target.hostname.replace(/^\[|\]$/g, "");
  return new Promise((resolve) => {
    const socket = connect({ host, port, lookup });
    const end = (up: boolean) => {
      socket.destroy();
      resolve(up);
    };
    socket.setTimeout(CONNECT_TIMEOUT_MS, () => end(false));
    socket.once("connect", () => end(true));
    socket.once("error", () => end(false));
  });
}
