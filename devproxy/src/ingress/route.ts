import { equalSecrets } from "../http/index.js";
import { pingSecret } from "../tunnel/index.js";

/** What a request to the ingress is. */
export type Route = "push" | "ping" | "other";

/** Reads the path of a request: `/in/<secret>` is a push, `/in/<ping secret>/ping` a ping. Compares secrets in constant time. */
export function routeOf(url: string, secret: string): Route {
  const path = url.split("?", 1)[0] as string;
  const match = /^\/in\/([^/]+)(\/ping|\/)?$/.exec(path);
  const pathSecret = match?.[1] ?? "";
  if (match?.[2] === "/ping" && equalSecrets(pathSecret, pingSecret(secret))) return "ping";
  if (!equalSecrets(pathSecret, secret)) return "other";
  return match?.[2] === "/ping" ? "ping" : "push";
}
