import { equalSecrets } from "../http/index.js";
import { pingSecret } from "../tunnel/index.js";

/** Where a request to the ingress wants to go. */
export type Destination = "push" | "ping" | "elsewhere";

/** Reads the path of a request: `/in/<secret>` takes pushes, `/in/<ping secret>/ping` pings. Secrets are compared in constant time. */
export function routeOf(url: string, secret: string): Destination {
  const path = url.split("?", 1)[0] as string;
  const found = /^\/in\/([^/]+)(\/ping|\/)?$/.exec(path);
  const given = found?.[1] ?? "";
  if (found?.[2] === "/ping" && equalSecrets(given, pingSecret(secret))) return "ping";
  if (!equalSecrets(given, secret)) return "elsewhere";
  return found?.[2] === "/ping" ? "ping" : "push";
}
