import { DEFAULT_TARGET } from "../config/target.js";
import { connectControl } from "../control/client.js";
import { lastTarget } from "../journal/last-target.js";
import type { Reader } from "../journal/store.js";

/** Where live pushes go: where the running listen sends them, or where the newest one was sent. */
export async function liveTarget({ dir, index }: Reader): Promise<URL> {
  const target = (await connectControl(dir))?.state.target;
  if (typeof target === "string") return new URL(target);
  return lastTarget(index) ?? new URL(DEFAULT_TARGET);
}
