import { equalSecrets } from "../http/index.js";
import { pingSecret } from "../tunnel/index.js";

/** The kind of a request to the ingress. */
export type Route = "push" | "ping" | "other";

/**
 * Determines the kind of a request from its path. `/in/<secret>` is a push. `/in/<ping secret>/ping` and `/in/<secret>/ping` are pings.
 * Compares secrets in constant time.
 */
export function routeOf(url: string, secret: string): Route {
  const path = url.split("?", 1)[0] as string;
  const match = /^\/in\/([^/]+)(\/ping|\/)?$/.exec(path);
  const pathSecret = match?.[1] ?? "";
  if (match?.[2] === "/ping" && equalSecrets(pathSecret, pingSecret(secret))) return "ping";
  if (!equalSecrets(pathSecret, secret)) return "other";
  return match?.[2] === "/ping" ? "ping" : "push";
}
