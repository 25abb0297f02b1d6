import { createHash, timingSafeEqual } from "node:crypto";

/** Where a request to the ingress wants to go. */
export type Destination = "push" | "ping" | "elsewhere";

/** Reads the path of a request: `/in/<secret>` is the door, `/in/<secret>/ping` its bell. The secret is compared in constant time. */
export function destinationOf(url: string, secret: string): Destination {
  const path = url.split("?", 1)[0] as string;
  const found = /^\/in\/([^/]+)(\/ping|\/)?$/.exec(path);
  if (!equalSecrets(found?.[1] ?? "", secret)) return "elsewhere";
  return found?.[2] === "/ping" ? "ping" : "push";
}

/** Compares two secrets without telling by the time it takes how much of them is the same. */
export function equalSecrets(a: string, b: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
