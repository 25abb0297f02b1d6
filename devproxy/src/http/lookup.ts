import { type LookupAddress, lookup as systemLookup } from "node:dns";
import type { LookupFunction } from "node:net";

const LOOPBACK: LookupAddress[] = [
  { address: "127.0.0.1", family: 4 },
  { address: "::1", family: 6 },
];

/** True for `localhost` and every name under it, which are always this machine (RFC 6761). */
export function isLocalhostName(hostname: string): boolean {
  return /(^|\.)localhost\.?$/i.test(hostname);
}

/** The system's lookup, with names under `localhost` as this machine. */
export const lookup: LookupFunction = (hostname, options, callback) => {
  if (!isLocalhostName(hostname)) return systemLookup(hostname, options, callback);
  if (options.all) return callback(null, LOOPBACK);
  return callback(null, "127.0.0.1", 4);
};
