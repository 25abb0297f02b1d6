import { readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { OwnerRequest, RequestResult } from "../../journal/index.js";
import { REQUEST_NAME, REQUEST_VERSION, requestPath, writeAtomically } from "../../journal/requests.js";

/** Interval at which the folder is searched for requests. */
const POLL_INTERVAL_MS = 500;
/** Maximum age of a request. After this time the requesting process no longer waits for the response. */
const MAX_AGE_MS = 60_000;
/** Maximum size of a request file. */
const MAX_REQUEST_BYTES = 16 * 1024 * 1024;
/** Number of ids that are processed in parallel, so that one write to the disk stores all their marks. */
const BATCH = 64;

/** The functions of the inbox that requests need. */
export interface RequestActions {
  /** Executes an action for one push. */
  execute(action: OwnerRequest["action"], id: string): Promise<RequestResult>;
  /** Reports a request that was not executed. */
  rejected(reason: string): void;
}

/** Executes the request files of other processes while this one holds the lock of the folder. See `journal/requests.ts`. */
export class Requests {
  readonly #timer: NodeJS.Timeout;
  #polling: Promise<void> | undefined;
  #isStopped = false;

  constructor(
    private readonly dir: string,
    private readonly actions: RequestActions,
  ) {
    this.#timer = setInterval(() => this.#pollOnce(), POLL_INTERVAL_MS).unref();
  }

  /** Accepts no more requests. Resolves when the running actions have ended. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    clearInterval(this.#timer);
    await this.#polling;
  }

  #pollOnce(): void {
    // Errors of the file system are ignored: the next poll may succeed. If not, the requesting process withdraws its request.
    this.#polling ??= this.#poll()
      .catch(() => undefined)
      .finally(() => {
        this.#polling = undefined;
      });
  }

  async #poll(): Promise<void> {
    for (const file of await readdir(this.dir, { withFileTypes: true })) {
      if (this.#isStopped) return;
      const [, kind, id = ""] = (file.isFile() && REQUEST_NAME.exec(file.name)) || [];
      if (kind === "request") await this.#executeRequest(id);
      else if (kind !== undefined) await this.#removeOld(join(this.dir, file.name));
    }
  }

  async #executeRequest(id: string): Promise<void> {
    const taken = requestPath(this.dir, "taken", id);
    try {
      await rename(requestPath(this.dir, "request", id), taken);
    } catch {
      return; // withdrawn
    }
    const response = await this.#respond(taken);
    await writeAtomically(requestPath(this.dir, "response", id), { version: REQUEST_VERSION, ...response }).catch(
      () => undefined, // the requesting process then reports `unanswered`
    );
    await rm(taken, { force: true });
  }

  async #respond(taken: string): Promise<{ results: RequestResult[] } | { error: string }> {
    try {
      const { action, ids } = await readRequest(taken);
      const results: RequestResult[] = [];
      for (let start = 0; start < ids.length; start += BATCH) {
        const batch = ids.slice(start, start + BATCH);
        results.push(...(await Promise.all(batch.map((id) => this.#execute(action, id)))));
      }
      return { results };
    } catch (error) {
      const { message } = error as Error;
      this.actions.rejected(message);
      return { error: message };
    }
  }

  async #execute(action: OwnerRequest["action"], id: string): Promise<RequestResult> {
    if (this.#isStopped) return { id, result: "failed", error: "The inbox is closing." };
    return this.actions.execute(action, id);
  }

  /** Removes an old file that a process left behind. */
  async #removeOld(path: string): Promise<void> {
    const age = Date.now() - (await stat(path)).mtimeMs;
    if (Math.abs(age) > MAX_AGE_MS) await rm(path, { force: true });
  }
}

/** @throws Error with the reason if the request cannot be executed */
async function readRequest(path: string): Promise<OwnerRequest> {
  if ((await stat(path)).size > MAX_REQUEST_BYTES)
    throw new Error(`The request is larger than ${MAX_REQUEST_BYTES} bytes.`);
  const text = await readFile(path, "utf8");
  let request: Record<string, unknown>;
  try {
    request = Object(JSON.parse(text));
  } catch {
    throw new Error("The request is not JSON.");
  }
  const { version, action, ids, at } = request;
  if (version !== REQUEST_VERSION) {
    throw new Error(
      `The request has the format version ${JSON.stringify(version)}; this inbox reads ${REQUEST_VERSION}.`,
    );
  }
  if (action !== "retry" && action !== "drop") throw new Error('The action of the request is not "retry" or "drop".');
  if (!Array.isArray(ids) || ids.some((id) => typeof id !== "string")) {
    throw new Error("The ids of the request are not a list of strings.");
  }
  const age = Date.now() - Date.parse(String(at));
  if (!(Math.abs(age) <= MAX_AGE_MS)) {
    throw new Error('The time "at" of the request is missing, or differs from the current time by more than a minute.');
  }
  return { action, ids };
}
