import type { InboxUrl } from "../config/index.js";
import { DevproxyError } from "../errors.js";
import { connectionErrorText } from "../http/index.js";

/** The error for an inbox that cannot be read. Messages of drivers and servers contain no password. */
export function unreadableError({ shown }: InboxUrl, why: string, cause?: unknown): DevproxyError {
  return new DevproxyError("inbox_unreadable", `The inbox ${shown} cannot be read: ${why}`, 3, { cause });
}

/** Why a driver failed: what the code of a failed connection means, otherwise the message. */
export function reasonOf(error: unknown): string {
  const { code, message } = error as { code?: unknown; message?: unknown };
  const text = (typeof code === "string" && connectionErrorText(code)) || String(message || code);
  return `${text.replace(/\.$/, "")}.`;
}

/**
 * Loads the driver of an inbox, which is an optional peer of this package.
 * @param packages to install if the driver is missing
 * @throws DevproxyError `driver_missing`
 */
export async function loadDriver<T>({ shown }: InboxUrl, packages: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "ERR_MODULE_NOT_FOUND") throw cause;
    const message = `To read ${shown}, install its driver beside airudder-devproxy: npm install --save-dev ${packages}`;
    throw new DevproxyError("driver_missing", message, 3, { cause });
  }
}
