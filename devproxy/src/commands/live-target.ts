import { connectControl } from "../control/index.js";
import { type JournalReader, lastTarget } from "../journal/index.js";

/** Where live pushes go: where the running listen sends them, or where the newest one was sent; nothing when there was none. */
export async function liveTarget({ dir, index }: JournalReader): Promise<URL | undefined> {
  const target = (await connectControl(dir).catch(() => undefined))?.state.target;
  return typeof target === "string" ? new URL(target) : lastTarget(index);
}
