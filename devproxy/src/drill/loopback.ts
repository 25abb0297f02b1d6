import { isIPv4 } from "node:net";
import { isLocalhostName } from "../http/index.js";

/** Whether a URL refers to this machine. */
export function isLoopback({ hostname }: URL): boolean {
  return isLocalhostName(hostname) || hostname === "[::1]" || (isIPv4(hostname) && hostname.startsWith("127."));
}
