import { equalSecrets } from "../http/index.js";
import { pingSecret } from "../tunnel/index.js";

/** What a request to the ingress is. */
export type Route = "push" | "ping" | "other";

/** Reads the path of a request: `/in/<secret>` is a push, `/in/<ping secret>/ping` a ping. Compares secrets in constant time. */
export function routeOf(url: string, secret: string): Route {
  const path = url.split("?", 1)[0] as string;
  const found = /^\/in\/([^/]+)(\/ping|\/)?$/.exec(path);
  const given = found?.[1] ?? "";
  if (found?.[2] === "/ping" && equalSecrets(given, pingSecret(secret))) return "ping";
  if (!equalSecrets(given, secret)) return "other";
  return found?.[2] === "/ping" ? "ping" : "push";
}
