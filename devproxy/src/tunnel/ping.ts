import { createHmac, randomBytes } from "node:crypto";
import { reasonOf, TunnelError } from "./errors.js";
import type { PublicResponse } from "./request.js";
import { publicRequest } from "./request.js";

/** Name of the member in the response to a ping. */
const RESPONSE_FIELD = "airudder-devproxy";

/** Path of the public URL. */
export function pushPath(secret: string): string {
  return `/in/${secret}`;
}

/**
 * Derives the secret for the path of pings from the secret for the path of pushes. A ping may reach a foreign server, for example through a
 * link that a tunnel program printed. That server must not learn the secret of pushes.
 */
export function pingSecret(secret: string): string {
  return createHmac("sha256", secret).update("ping").digest("base64url").slice(0, secret.length);
}

/** Path for pings. The ingress responds to `GET <path>?nonce=N` with 200 and {@link pingResponse}. */
export function pingPath(secret: string): string {
  return `${pushPath(pingSecret(secret))}/ping`;
}

/**
 * The response to a ping as JSON: the nonce, signed with the secret of pushes. It proves that this proxy responded.
 * @example response.setHeader("content-type", "application/json").end(pingResponse(secret, nonce));
 */
export function pingResponse(secret: string, nonce: string): string {
  return JSON.stringify({ [RESPONSE_FIELD]: createHmac("sha256", secret).update(nonce).digest("hex") });
}

/** Where and how to ping. */
export interface PingOptions {
  /** Public origin of the tunnel. */
  url: string;
  /** The secret of pushes. */
  secret: string;
  /** Time limit in ms. Default: 8000. */
  timeoutMs?: number;
  signal?: AbortSignal;
}

/**
 * Sends a nonce through the public URL and checks that this proxy responds.
 * @returns the round trip in ms
 * @throws {TunnelError} `tunnel_silent` if another server responds, or none
 */
export async function ping({ url, secret, timeoutMs = 8_000, signal }: PingOptions): Promise<{ ms: number }> {
  const nonce = randomBytes(16).toString("hex");
  const pingUrl = new URL(`${pingPath(secret)}?nonce=${nonce}`, url);
  const response = await publicRequest(pingUrl, { timeoutMs, ...(signal && { signal }) }).catch((error) => {
    throw new TunnelError("tunnel_silent", silentMessage(url, reasonOf(error)), { cause: error });
  });
  if (response.status === 200 && response.body.toString() === pingResponse(secret, nonce)) return { ms: response.ms };
  throw new TunnelError("tunnel_silent", silentMessage(url, unexpectedReason(response)), {
    status: response.status,
    evidence: response.body.toString("utf8", 0, 200),
  });
}

function silentMessage(url: string, reason: string): string {
  return `the public URL ${url} does not forward requests to this machine (${reason}); the local URL still works`;
}

function unexpectedReason({ status, headers, body }: PublicResponse): string {
  if (status === 200 && body.includes(`"${RESPONSE_FIELD}"`)) return "another dev proxy responds there";
  const page = /html/i.test(headers["content-type"] ?? "") ? " with a web page" : "";
  return `something else responded ${status}${page}`;
}
