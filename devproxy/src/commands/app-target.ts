import { connectControl } from "../client/index.js";
import { configuredTarget, DEFAULT_TARGET } from "../config/index.js";
import { type JournalReader, lastTarget } from "../journal/index.js";

/** The URL of the app for a command that prints or writes requests: of live pushes, else configured, else the default. */
export async function appTarget(reader: JournalReader): Promise<{ target: URL; isKnown: boolean }> {
  const live = await liveTarget(reader);
  return { target: live ?? configuredTarget() ?? new URL(DEFAULT_TARGET), isKnown: live !== undefined };
}

/** The app of live pushes: the target of the running `listen`, else of the last live delivery. `undefined` if both are missing. */
async function liveTarget({ dir, index }: JournalReader): Promise<URL | undefined> {
  const target = (await connectControl(dir).catch(() => undefined))?.state.target;
  return typeof target === "string" ? new URL(target) : lastTarget(index);
}
