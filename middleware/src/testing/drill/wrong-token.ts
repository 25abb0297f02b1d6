import { randomBytes } from "node:crypto";
import type { DrillOptions } from "./options.js";

/** Where to send a push with a wrong token; `undefined` if the app is reached without one. */
export function wrongToken({
  url,
  token,
}: Pick<DrillOptions, "url" | "token">):
  | { url: string; headers: Record<string, string>; hasOtherPath: boolean }
  | undefined {
  const wrong = randomBytes(12).toString("hex");
  const changed = new URL(url);
  const isInQuery = changed.searchParams.has("token");
  if (isInQuery) changed.searchParams.set("token", wrong);
  const path = changed.pathname.replace(/\/t\/[^/]+\/?$/, `/t/${wrong}`);
  const isInPath = path !== changed.pathname;
  changed.pathname = path;
  if (token === undefined && !isInQuery && !isInPath) return undefined;
  const headers: Record<string, string> = token === undefined ? {} : { "airudder-token": wrong };
  return { url: changed.href, headers, hasOtherPath: isInPath };
}
