import { createHmac, randomBytes } from "node:crypto";
import { reasonOf, TunnelError } from "./errors.js";
import type { PublicResponse } from "./request.js";
import { publicRequest } from "./request.js";

const PING_KEY = "airudder-devproxy";

/** Path of the public door under a tunnel. */
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

/** Path that the ingress answers pings on: `GET <path>?nonce=N` gets 200 and {@link pingResponse} as JSON. */
export function pingPath(secret: string): string {
  return `${pushPath(pingSecret(secret))}/ping`;
}

/**
 * The answer to a ping, as JSON text: the nonce signed with the secret, so that nobody else can give it.
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
 * Sends a nonce through the public URL and waits for this very proxy's answer.
 * @returns the round trip in ms.
 * @throws {TunnelError} `tunnel_silent` when anything else, or nothing, comes back.
 */
export async function ping({ url, secret, timeoutMs = 8_000, signal }: PingOptions): Promise<{ ms: number }> {
  const nonce = randomBytes(16).toString("hex");
  const address = new URL(`${pingPath(secret)}?nonce=${nonce}`, url);
  const answer = await publicRequest(address, { timeoutMs, ...(signal && { signal }) }).catch((error) => {
    throw new TunnelError("tunnel_silent", silent(url, reasonOf(error)), { cause: error });
  });
  if (answer.status === 200 && answer.body.toString() === pingResponse(secret, nonce)) return { ms: answer.ms };
  throw new TunnelError("tunnel_silent", silent(url, whatCame(answer)), {
    status: answer.status,
    evidence: answer.body.toString("utf8", 0, 200),
  });
}

function silent(url: string, reason: string): string {
  return `the public URL ${url} does not bring requests here (${reason}); the local URL still works`;
}

function whatCame({ status, headers, body }: PublicResponse): string {
  if (status === 200 && body.includes(`"${PING_KEY}"`)) return "another dev proxy answers there";
  const page = /html/i.test(headers["content-type"] ?? "") ? " with a web page" : "";
  return `something else answered ${status}${page}`;
}
