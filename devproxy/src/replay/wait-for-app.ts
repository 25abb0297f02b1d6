import { setTimeout as sleep } from "node:timers/promises";
import { DevproxyError } from "../errors.js";
import { isListening } from "../http/index.js";

const INTERVAL_MS = 200;

/**
 * Resolves when the app accepts connections, or after an abort.
 * @throws DevproxyError `app_down`, after `maxWaitMs`
 */
export async function waitForApp(target: URL, maxWaitMs: number, signal: AbortSignal | undefined): Promise<void> {
  const start = performance.now();
  while (!signal?.aborted && !(await isListening(target))) {
    const leftMs = maxWaitMs - (performance.now() - start);
    if (leftMs <= 0) {
      const message = `No app accepted connections at ${target.host} within ${Math.round(maxWaitMs / 1_000)} s, so nothing was sent. Start the app, or give its URL with --to.`;
      throw new DevproxyError("app_down", message, 1);
    }
    await sleep(Math.min(leftMs, INTERVAL_MS));
  }
}
