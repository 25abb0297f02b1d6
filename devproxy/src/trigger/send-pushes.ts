import { setMaxListeners } from "node:events";
import { Semaphore, sleepUntil } from "../replay/index.js";
import type { DuePush, TestPush } from "./test-push.js";

/** Options of {@link sendPushes}. */
export interface SendOptions {
  /** Maximum number of pushes in flight. Default: 256. */
  maxParallel?: number;
  /** After an abort, nothing more is sent. */
  signal?: AbortSignal | undefined;
}

/**
 * Sends pushes when they are due. Those without a time are sent one after another. Resolves when the last push has its result.
 * @param send sends one push and resolves with its result
 * @param onSent receives each result
 * @throws the first error of `send` or `onSent`
 */
export async function sendPushes<Result>(
  pushes: Iterable<DuePush> | AsyncIterable<DuePush>,
  send: (push: TestPush) => Promise<Result>,
  onSent: (push: TestPush, result: Result) => void,
  { maxParallel = 256, signal }: SendOptions = {},
): Promise<void> {
  // Every request in flight adds a listener. Without this, Node.js warns about a leak.
  if (signal) setMaxListeners(0, signal);
  const semaphore = new Semaphore(maxParallel);
  const active = new Set<Promise<void>>();
  let failure: unknown;
  const start = performance.now();
  for await (const { push, dueMs } of pushes) {
    if (dueMs !== undefined) await sleepUntil(start + dueMs, signal);
    await semaphore.acquire();
    if (signal?.aborted || failure !== undefined) break;
    const sent = send(push)
      .then((result) => onSent(push, result))
      .catch((error) => {
        failure ??= error;
      })
      .finally(() => {
        semaphore.release();
        active.delete(sent);
      });
    active.add(sent);
    if (dueMs === undefined) await sent;
  }
  await Promise.all(active);
  if (failure !== undefined) throw failure;
}
