import {
  askOwner,
  JournalError,
  type MarkHead,
  type OwnerRequest,
  type OwnerResponse,
  type RequestResult,
} from "airudder-webhooks/journal";
import { DevproxyError } from "../errors.js";
import { Store } from "../journal/index.js";
import { isRetryable } from "./select.js";

export interface Change {
  /** The result for each push. */
  results: readonly RequestResult[];
  /** Which process made the change: this command, or the app that has the inbox open. */
  by: "command" | "app";
}

/**
 * Retries or drops pushes of an inbox. If an app has the inbox open, sends the request to the app. Otherwise appends the marks to the
 * journal, and the app handles retried pushes at its next start.
 * @param signal withdraws the request to the app, unless the app has accepted it
 * @throws DevproxyError `no_response`, if the process that has the inbox open does not accept the request, rejects it, or does not finish it
 */
export async function retryOrDrop(dir: string, request: OwnerRequest, signal: AbortSignal): Promise<Change> {
  let store: Store;
  try {
    store = await Store.open(dir);
  } catch (error) {
    if (!(error instanceof JournalError) || error.code !== "journal_locked") throw error;
    return { results: resultsOf(dir, error, await askOwner(dir, request, { signal })), by: "app" };
  }
  try {
    return { results: await appendMarks(store, request), by: "command" };
  } finally {
    await store.close();
  }
}

/** Checks the state of each push again: an app may have changed it since the ids were looked up. */
function appendMarks(store: Store, { action, ids }: OwnerRequest): Promise<RequestResult[]> {
  const [state, result] = action === "retry" ? (["retry", "retried"] as const) : (["dropped", "dropped"] as const);
  return Promise.all(
    ids.map(async (id) => {
      const row = store.index.byId(id);
      if (row === undefined || !isRetryable(row)) return { id, result: "not_found" };
      const mark: MarkHead = { kind: "mark", push: id, at: new Date().toISOString(), state };
      return store.record(mark).then(
        () => ({ id, result }),
        (error: Error) => ({ id, result: "failed", error: error.message }),
      );
    }),
  );
}

function resultsOf(dir: string, { owner }: JournalError, response: OwnerResponse): readonly RequestResult[] {
  if (response.state === "done") return response.results;
  const process = owner === undefined ? "another process" : `process ${owner.pid} on ${owner.host}`;
  const where = `The inbox ${dir} is in use by ${process}`;
  const advice = "Call receiver.retry(id) or receiver.drop(id) in the app, or stop it and run this command again.";
  if (response.state === "rejected") {
    throw new DevproxyError(
      "no_response",
      `${where}, which rejected the request: ${response.error} Nothing changed.`,
      3,
    );
  }
  if (response.state === "unanswered") {
    const message = `${where}, which accepted the request and did not respond, so its result is unknown. List the dead pushes again.`;
    throw new DevproxyError("no_response", message, 3);
  }
  const reason = "It is not an app with this inbox, or its version of airudder-webhooks does not accept requests.";
  const message = `${where}, which did not accept the request. The request was withdrawn, and nothing changed. ${reason} ${advice}`;
  throw new DevproxyError("no_response", message, 3);
}
