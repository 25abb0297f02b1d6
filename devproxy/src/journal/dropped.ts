import { JournalError } from "airudder-webhooks/journal";

/** Whether an error means that a record could not be read because its segment was dropped (`--keep`). */
export function isDropped(error: unknown): boolean {
  return error instanceof JournalError && (error.cause as NodeJS.ErrnoException | undefined)?.code === "ENOENT";
}

/** Resolves to a record, or to `undefined` if its segment was dropped (`--keep`). */
export async function unlessDropped<T>(record: Promise<T>): Promise<T | undefined> {
  try {
    return await record;
  } catch (error) {
    if (isDropped(error)) return undefined;
    throw error;
  }
}
