import { createHmac, randomBytes } from "node:crypto";
import { reasonOf, TunnelError } from "./errors.js";
import type { PublicResponse } from "./request.js";
import { publicRequest } from "./request.js";

const PING_KEY = "airudder-devproxy";

/** Path of the public URL. */
export function pushPath(secret: string): string {
  return `/in/${secret}`;
}

/**
 * The secret of pings. It differs from the one of pushes, because a ping may reach another server, for example through a link that a
 * tunnel program printed.
 */
export function pingSecret(secret: string): string {
  return createHmac("sha256", secret).update("ping").digest("base64url").slice(0, secret.length);
}

/** Path for pings. The ingress responds to `GET <path>?nonce=N` with 200 and {@link pingResponse}. */
export function pingPath(secret: string): string {
  return `${pushPath(pingSecret(secret))}/ping`;
}

/**
 * The response to a ping as JSON: the nonce signed with the secret, which proves that it is from this proxy.
 * @example response.setHeader("content-type", "application/json").end(pingResponse(secret, nonce));
 */
export function pingResponse(secret: string, nonce: string): string {
  return JSON.stringify({ [PING_KEY]: createHmac("sha256", secret).update(nonce).digest("hex") });
}

/** Where and how to ping. */
export interface PingOptions {
  /** Public origin of the tunnel. */
  url: string;
  secret: string;
  /** Time limit in ms. Default: 8000. */
  timeoutMs?: number;
  signal?: AbortSignal;
}

/**
 * Sends a nonce through the public URL and checks that this proxy responds.
 * @returns the round trip in ms
 * @throws {TunnelError} `tunnel_silent` if there is another response, or none
 */
export async function ping({ url, secret, timeoutMs = 8_000, signal }: PingOptions): Promise<{ ms: number }> {
  const nonce = randomBytes(16).toString("hex");
  const address = new URL(`${pingPath(secret)}?nonce=${nonce}`, url);
  const response = await publicRequest(address, { timeoutMs, ...(signal && { signal }) }).catch((error) => {
    throw new TunnelError("tunnel_silent", silent(url, reasonOf(error)), { cause: error });
  });
  if (response.status === 200 && response.body.toString() === pingResponse(secret, nonce)) return { ms: response.ms };
  throw new TunnelError("tunnel_silent", silent(url, unexpected(response)), {
    status: response.status,
    evidence: response.body.toString("utf8", 0, 200),
  });
}

function silent(url: string, reason: string): string {
  return `the public URL ${url} does not forward requests to this machine (${reason}); the local URL still works`;
}

function unexpected({ status, headers, body }: PublicResponse): string {
  if (status === 200 && body.includes(`"${PING_KEY}"`)) return "another dev proxy responds there";
  const page = /html/i.test(headers["content-type"] ?? "") ? " with a web page" : "";
  return `something else responded ${status}${page}`;
}
