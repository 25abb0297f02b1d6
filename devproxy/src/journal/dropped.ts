import { JournalError } from "airudder-webhooks/journal";

/** Whether a record could not be read because its segment was dropped meanwhile. */
export function isDropped(error: unknown): boolean {
  return error instanceof JournalError && (error.cause as NodeJS.ErrnoException | undefined)?.code === "ENOENT";
}

/** Waits for a record; `undefined` if its segment was dropped meanwhile. */
export async function unlessDropped<T>(record: Promise<T>): Promise<T | undefined> {
  try {
    return await record;
  } catch (error) {
    if (isDropped(error)) return undefined;
    throw error;
  }
}
