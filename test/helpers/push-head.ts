import type { PushHead } from "airudder-webhooks/journal";

/** A minimal head of a recorded push. */
export function pushHead(id: string): Omit<PushHead, "seq"> {
  const at = new Date(0).toISOString();
  return {
    kind: "push",
    id,
    at,
    method: "POST",
    url: "/",
    type: "unknown",
    verified: false,
    source: "local",
    size: 0,
    sha256: "",
  };
}
