import { parseDuration } from "../config/index.js";
import { DevproxyError, usageError } from "../errors.js";
import { isListening } from "../http/index.js";

const INTERVAL_MS = 200;
/** Longest time that a timer accepts. */
const MAX_WAIT_MS = 2 ** 31 - 1;

/**
 * Reads `30s`, `2m` …: how long to wait, ms.
 * @throws DevproxyError `usage`
 */
export function parseWait(text: string): number {
  const span = parseDuration(text);
  if (span === undefined || span === 0 || span > MAX_WAIT_MS)
    throw usageError(`--wait "${text}" is not a duration. Give one such as 30s or 2m.`);
  return span;
}

/**
 * Resolves when the app accepts connections.
 * @throws DevproxyError `app_down`, after `waitMs`
 */
export async function waitForApp(target: URL, waitMs: number, signal: AbortSignal | undefined): Promise<void> {
  const start = performance.now();
  while (!signal?.aborted && !(await isListening(target))) {
    const left = waitMs - (performance.now() - start);
    if (left <= 0) {
      const message = `Nothing listens at ${target.host} after ${Math.round(waitMs / 1_000)} s: nothing was sent. Start the app, or give its address with --to.`;
      throw new DevproxyError("app_down", message, 1);
    }
    await new Promise((resolve) => setTimeout(resolve, Math.min(left, INTERVAL_MS)));
  }
}
