import { DevproxyError } from "../errors.js";
import { isDropped } from "../journal/index.js";
import type { ApiContext } from "./context.js";

/**
 * The cause of an error, if the journal was moved: its files are missing then, as if `--keep` had removed them.
 * @returns `error` itself in other cases
 */
export async function causeOf(error: unknown, context: Pick<ApiContext, "state" | "store">): Promise<unknown> {
  if (!isDropped(error)) return error;
  return (await journalMoved(context)) ?? error;
}

/** The error for a journal that was removed, moved or emptied; `undefined` if it is there. */
export async function journalMoved({
  state,
  store,
}: Pick<ApiContext, "state" | "store">): Promise<DevproxyError | undefined> {
  const { gone } = (await state()).journal;
  if (!gone) return undefined;
  const message = `The journal ${store.dir} was removed, moved or emptied. Put it back, or restart listen.`;
  return new DevproxyError("journal_moved", message, 3);
}
