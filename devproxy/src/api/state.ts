import { type Listing, MAX_LISTED } from "../client/index.js";
import { filterRows, type Row } from "../journal/index.js";
import type { ApiContext } from "./context.js";
import { ApiFailure } from "./failure.js";
import type { ApiRequest } from "./request.js";
import type { StateResponse } from "./types.js";

/** `GET /state` */
export async function readState(request: ApiRequest): Promise<StateResponse> {
  const { context, redactor } = request;
  const { store, local, target, version, key, appToken } = context;
  const withSecrets = request.flag("secrets");
  if (withSecrets) rejectPages(request);
  const { journal, ...current } = await context.state();
  return {
    version,
    pid: process.pid,
    local,
    target: withSecrets ? target.href : redactor.url(target.href),
    ...current,
    journal: {
      dir: store.dir,
      gone: journal.gone,
      ...(journal.problem === undefined ? {} : { problem: journal.problem }),
    },
    ...statesOf(context, current),
    counts: { pushes: store.index.rows.length },
    ...(withSecrets
      ? { secrets: { ...(key === undefined ? {} : { key }), ...(appToken === undefined ? {} : { token: appToken }) } }
      : {}),
  };
}

/** The states of tunnel and app with their history, and the state of the queue. */
export function statesOf(
  { history }: ApiContext,
  {
    appUp,
    tunnel,
    queue,
  }: { appUp: boolean; tunnel: Omit<StateResponse["tunnel"], "history">; queue: StateResponse["queue"] },
): Pick<StateResponse, "app" | "tunnel" | "queue"> {
  history.addState({ appUp, tunnel });
  return {
    app: { state: appUp ? "up" : "down", history: history.app },
    tunnel: { ...tunnel, history: history.tunnel },
    queue,
  };
}

/** `GET /rows`: for the commands of the same user. The rows are not redacted. */
export async function listRows(request: ApiRequest): Promise<Listing> {
  rejectPages(request);
  const { store, damage } = request.context;
  const last = request.number("last", 1, Number.MAX_SAFE_INTEGER) ?? MAX_LISTED;
  const matching = await filterRows(store, store.index.rows, request.filters);
  return {
    rows: matching.slice(-Math.min(last, MAX_LISTED)).map(plainRow),
    matching: matching.length,
    total: store.index.rows.length,
    damage: damage(),
  };
}

/** A row as a plain object for JSON. The rows of the index have getters, which JSON leaves out. */
function plainRow({ push, location, deliveries, mark }: Row): Row {
  return { push, location, deliveries, ...(mark === undefined ? {} : { mark }) };
}

/** @throws ApiFailure `not_for_pages` */
function rejectPages({ isFromPage }: ApiRequest): void {
  if (isFromPage) throw new ApiFailure(403, "not_for_pages", "Only commands can read this.");
}
