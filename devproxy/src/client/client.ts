import { randomUUID } from "node:crypto";
import { request as httpRequest } from "node:http";
import { identityOf, isSameFolder } from "../config/index.js";
import { DevproxyError, type ExitCode } from "../errors.js";
import type { Filters } from "../journal/index.js";
import type { ReplayEvent, ReplayRequest } from "../replay/index.js";
import { type ControlAddress, readAddress } from "./address.js";
import type { EndLine } from "./end-line.js";
import type { Listing, ListingRequest } from "./listing.js";

const STATE_TIMEOUT_MS = 3_000;
const LIST_TIMEOUT_MS = 5_000;
/** Time limit for the summary of a replay that is stopped. */
const STOP_TIMEOUT_MS = 2_000;

/** The `listen` that is running on a journal. */
export interface ControlClient {
  state: Record<string, unknown>;
  /** The control token. It also authorizes test pushes. */
  token: string;
  /** The newest pushes that match; `undefined` if the `listen` does not support this request or does not respond. */
  list(request: ListingRequest): Promise<Listing | undefined>;
  /** @param signal stops the replay; its summary is still reported */
  replay(request: ReplayRequest, onEvent: (event: ReplayEvent) => void, signal?: AbortSignal): Promise<void>;
}

/**
 * Finds the `listen` that writes to a journal; `undefined` if none runs. Ignores the `listen.json` of a `listen` that was killed.
 * @param warn called with one line if the folder is a copy of the folder that a `listen` writes to
 * @throws DevproxyError `journal_moved`, if the folder was moved while its `listen` runs
 */
export async function connectControl(
  dir: string,
  warn: (line: string) => void = () => undefined,
): Promise<ControlClient | undefined> {
  const address = await readAddress(dir);
  const folder = await identityOf(dir);
  if (address === undefined || folder === undefined) return undefined;
  const state = await requestState(address);
  if (state === undefined || state.instance !== address.instance) return undefined;
  const listen = `the running listen (process ${address.pid})`;
  if (!isSameFolder(address.folder, folder)) {
    warn(`${dir} is a copy: ${listen} writes to ${address.folder.path}, so the copy's listen.json is ignored.`);
    return undefined;
  }
  if ((state.journal as { gone?: boolean } | undefined)?.gone) {
    const message = `The journal ${dir} was moved: ${listen} writes to ${address.folder.path} only. Stop that listen, or move the journal back.`;
    throw new DevproxyError("journal_moved", message, 3);
  }
  const list = (request: ListingRequest) => requestListing(address, request);
  const { token } = address;
  const { secrets, ...rest } = state as { secrets?: object };
  return {
    state: { ...rest, ...secrets },
    token,
    list,
    replay: (request, onEvent, signal) => requestReplay(address, request, onEvent, signal),
  };
}

/** The state that a `listen` reports; `undefined` if none responds at the address. */
async function requestState(address: ControlAddress): Promise<Record<string, unknown> | undefined> {
  try {
    let text = "";
    await sendRequest(
      address,
      "GET",
      "/state?secrets=1",
      undefined,
      (chunk) => {
        text += chunk;
      },
      { timeoutMs: STATE_TIMEOUT_MS },
    );
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

async function requestListing(address: ControlAddress, request: ListingRequest): Promise<Listing | undefined> {
  let text = "";
  const onText = (chunk: string) => {
    text += chunk;
  };
  try {
    const query = new URLSearchParams({ ...definedOf(request.filters), last: String(request.last) });
    await sendRequest(address, "GET", `/rows?${query}`, undefined, onText, { timeoutMs: LIST_TIMEOUT_MS });
    return JSON.parse(text) as Listing;
  } catch {
    // For example, an earlier version does not support this request. The caller then reads the journal.
    return undefined;
  }
}

/** The filters that are set. */
function definedOf(filters: Filters): Record<string, string> {
  return Object.fromEntries(Object.entries(filters).filter(([, value]) => value !== undefined));
}

async function requestReplay(
  address: ControlAddress,
  request: ReplayRequest,
  onEvent: (event: ReplayEvent) => void,
  signal?: AbortSignal,
): Promise<void> {
  if (signal?.aborted) return;
  let partialLine = "";
  let end: EndLine | undefined;
  let isInterrupted = false;
  const onText = (chunk: string) => {
    const lines = (partialLine + chunk).split("\n");
    partialLine = lines.pop() as string;
    for (const line of lines) {
      const event = JSON.parse(line) as ReplayEvent | EndLine;
      if (event.event === "end" || event.event === "error") end = event;
      else onEvent(event);
      if (event.event === "summary" && event.interrupted) isInterrupted = true;
    }
  };
  // The command redacts the events itself, unless the user wants to see everything.
  const path = `/replays/${randomUUID()}?reveal=1`;
  const connection = new AbortController();
  const stop = () => {
    setTimeout(() => connection.abort(), STOP_TIMEOUT_MS).unref();
    void sendRequest(address, "DELETE", path, undefined, () => undefined, {}).catch(() => connection.abort());
  };
  signal?.addEventListener("abort", stop, { once: true });
  await sendRequest(address, "POST", path, JSON.stringify(request), onText, { signal: connection.signal })
    .catch((error) => {
      // Other errors are those of the connection: without a last line, they are reported below.
      if (error instanceof DevproxyError) throw error;
    })
    .finally(() => signal?.removeEventListener("abort", stop));
  if (signal?.aborted) return;
  if (end?.event === "error") throw new DevproxyError(end.code, end.message, end.exit as ExitCode);
  if (end === undefined || isInterrupted)
    throw new DevproxyError("listen_ended", "The running listen ended before the replay did.", 1);
}

/** @throws DevproxyError, if the API responds with an error */
function sendRequest(
  { port, token }: ControlAddress,
  method: string,
  path: string,
  body: string | undefined,
  onText: (text: string) => void,
  { timeoutMs, signal }: { timeoutMs?: number; signal?: AbortSignal | undefined },
): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
    const outgoing = httpRequest(
      { host: "127.0.0.1", port, method, path: `/api/v1${path}`, headers, agent: false, signal },
      (response) => {
        const { statusCode = 0 } = response;
        let errorText = "";
        const onData = (chunk: string) => {
          if (statusCode < 400) onText(chunk);
          else errorText += chunk;
        };
        const end = () => (statusCode < 400 ? resolve() : reject(errorOf(statusCode, errorText)));
        response.setEncoding("utf8").on("data", onData).on("end", end).on("error", reject);
        response.on("close", end);
      },
    );
    if (timeoutMs !== undefined) outgoing.setTimeout(timeoutMs, () => outgoing.destroy(new Error("no response")));
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}

/** The error of an error response. */
function errorOf(status: number, text: string): Error {
  try {
    const { code, message, exit } = JSON.parse(text).error as { code: string; message: string; exit: ExitCode };
    return new DevproxyError(code, message, exit);
  } catch {
    return new DevproxyError("listen_failed", `The running listen responded ${status}.`, 1);
  }
}
