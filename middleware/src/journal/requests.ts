/**
 * Request files. A folder has one writer, the owner of its lock. Another process asks the owner to change something:
 *
 * 1. It writes `request-<uuid>.json` (mode 0600, first as a draft that it then renames):
 *    `{"version":1,"action":"retry","ids":["<push id>"],"at":"2026-01-31T08:00:00.000Z"}`. The action is `retry` or `drop`.
 * 2. The owner looks for requests every half second. It renames a request to `taken-<uuid>.json`, so that the request can no longer be
 *    withdrawn, and executes it. It rejects a request that is more than a minute old.
 * 3. The owner writes `response-<uuid>.json`, then removes the taken file:
 *    `{"version":1,"results":[{"id":"<push id>","result":"retried"}]}`, or `{"version":1,"error":"<reason>"}` if it rejected the request.
 * 4. The process that asked reads and removes the response. If the request is not taken in time, the process removes the request instead:
 *    nothing is executed later.
 *
 * Only an inbox takes requests. Earlier versions of this package take none.
 */
import { randomUUID } from "node:crypto";
import { readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** A change that the owner of a folder is asked to make. */
export interface OwnerRequest {
  action: "retry" | "drop";
  /** Ids of dead or quarantined pushes. */
  ids: readonly string[];
}

/**
 * The result for one id.
 *
 * - `retried`, `dropped`: the owner made the change.
 * - `not_found`: no dead or quarantined push has this id.
 * - `no_handler`: the app has no handler for the push's type.
 * - `failed`: an error occurred; see `error`.
 */
export interface RequestResult {
  id: string;
  result: "retried" | "dropped" | "not_found" | "no_handler" | "failed";
  error?: string;
}

/**
 * The result of `askOwner`.
 *
 * - `done`: the owner executed the request.
 * - `rejected`: the owner did not execute it; `error` says why.
 * - `withdrawn`: no owner took it in time; it was removed and nothing was changed.
 * - `unanswered`: the owner took it and did not respond; what it did is unknown.
 */
export type OwnerResponse =
  | { state: "done"; results: readonly RequestResult[] }
  | { state: "rejected"; error: string }
  | { state: "withdrawn" }
  | { state: "unanswered" };

/** Version of the format. */
export const REQUEST_VERSION = 1;
/** The names of the files of a request. The first group is the kind, the second the id of the request. */
export const REQUEST_NAME = /^(request|taken|response)-([\w-]{1,64})\.json$/;

/** Default maximum time until the owner takes a request. */
const TAKE_TIMEOUT_MS = 5_000;
/** Maximum time until the owner responds. */
const RESPONSE_TIMEOUT_MS = 60_000;
/** Interval at which the files are checked. */
const POLL_MS = 50;

/** The path of a file of a request. */
export function requestPath(dir: string, kind: "request" | "taken" | "response", id: string): string {
  return join(dir, `${kind}-${id}.json`);
}

/** Writes a JSON file with mode 0600. Readers see the whole file or none. */
export async function writeAtomically(path: string, value: object): Promise<void> {
  const draft = `${path}.new`;
  try {
    await writeFile(draft, `${JSON.stringify(value)}\n`, { mode: 0o600, flag: "wx" });
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}

/**
 * Asks the process that holds the lock of a folder to retry or drop pushes. Waits up to a minute for its response. The top of this file
 * describes the protocol.
 * @param options.takeMs maximum time until the owner takes the request. Milliseconds; default 5,000
 * @param options.signal withdraws the request, unless the owner has taken it
 * @throws Error of the file system, if the request cannot be written
 * @example await askOwner("./airudder-inbox", { action: "retry", ids: ["0mwqy9aao000059aa764c19x"] });
 */
export async function askOwner(
  dir: string,
  { action, ids }: OwnerRequest,
  { takeMs = TAKE_TIMEOUT_MS, signal }: { takeMs?: number; signal?: AbortSignal } = {},
): Promise<OwnerResponse> {
  const id = randomUUID();
  const [request, taken, response] = (["request", "taken", "response"] as const).map((kind) =>
    requestPath(dir, kind, id),
  ) as [string, string, string];
  await writeAtomically(request, { version: REQUEST_VERSION, action, ids, at: new Date().toISOString() });
  const isTaken = await waitUntil(async () => !(await exists(request)), takeMs, signal);
  if (!isTaken && (await withdraw(request))) return { state: "withdrawn" };
  let text: string | undefined;
  await waitUntil(
    async () => {
      // Check the taken file first: the owner writes the response, then removes the taken file.
      const isRunning = await exists(taken);
      text = await readFile(response, "utf8").catch(() => undefined);
      return text !== undefined || !isRunning;
    },
    RESPONSE_TIMEOUT_MS,
    signal,
  );
  await rm(response, { force: true });
  return parseResponse(text);
}

/** Removes a request. Returns `false` if the owner has taken it. */
function withdraw(request: string): Promise<boolean> {
  return rm(request).then(
    () => true,
    () => false,
  );
}

function parseResponse(text: string | undefined): OwnerResponse {
  if (text === undefined) return { state: "unanswered" };
  try {
    const { results, error } = JSON.parse(text) as { results?: RequestResult[]; error?: string };
    if (Array.isArray(results)) return { state: "done", results };
    if (typeof error === "string") return { state: "rejected", error };
  } catch {
    // Damaged: what the owner did is unknown.
  }
  return { state: "unanswered" };
}

/** Waits until a condition is true. Returns `false` if the timeout passes or the signal is aborted first. */
async function waitUntil(
  condition: () => Promise<boolean>,
  timeoutMs: number,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const end = performance.now() + timeoutMs;
  while (!(await condition())) {
    if (signal?.aborted || performance.now() >= end) return false;
    await sleep(POLL_MS);
  }
  return true;
}

function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
