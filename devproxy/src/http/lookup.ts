import { type LookupAddress, lookup as systemLookup } from "node:dns";
import type { LookupFunction } from "node:net";

const LOOPBACK: LookupAddress[] = [
  { address: "127.0.0.1", family: 4 },
  { address: "::1", family: 6 },
];

/** Whether a name is `localhost` or under it. Such names always refer to this machine (RFC 6761). */
export function isLocalhostName(hostname: string): boolean {
  return /(^|\.)localhost\.?$/i.test(hostname);
}

/** Like `dns.lookup`, except that `localhost` and every name under it resolve to loopback addresses. */
export const lookup: LookupFunction = (hostname, options, callback) => {
  // The host name of a URL such as http://[::1]:3000 has brackets.
  const name = hostname.replace(/^\[|\]$/g, "");
  if (!isLocalhostName(name)) return systemLookup(name, options, callback);
  if (options.all) return callback(null, LOOPBACK);
  return callback(null, "127.0.0.1", 4);
};
