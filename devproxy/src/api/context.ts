import type { Store } from "../journal/index.js";
import type { Redactor } from "../privacy/index.js";
import type { ReplayEvent, ReplayRequest } from "../replay/index.js";
import type { BodyFacts } from "./body-facts.js";
import type { EventHub } from "./event-hub.js";
import type { StateHistory } from "./history.js";
import type { PushTable } from "./push-table.js";
import type { RunningReplays } from "./running-replays.js";
import type { StateResponse } from "./types.js";

/** What a running `listen` offers to the API. */
export interface ApiOptions {
  /** The control token of the journal. */
  token: string;
  store: Store;
  /** URL that receives pushes on this machine. */
  local: string;
  /** URL of the app. */
  target: URL;
  /** The key agreed with Airudder. */
  key: string | undefined;
  /** The token that the app requires. */
  appToken: string | undefined;
  version: string;
  /** The current state, without what the API adds. */
  state(): Promise<ListenState>;
  /** Lines about damaged segments. */
  damage(): string[];
  replay(request: ReplayRequest, onEvent: (event: ReplayEvent) => void, signal: AbortSignal): Promise<unknown>;
}

/** The state of a `listen`, without the members that the API adds. */
export type ListenState = Pick<StateResponse, "instance" | "public" | "appUp" | "queue"> & {
  journal: { gone: boolean; problem?: string | undefined };
  tunnel: Omit<StateResponse["tunnel"], "history">;
};

/** What the endpoints use. */
export interface ApiContext extends ApiOptions {
  /** Redacts personal data. */
  redacting: Redactor;
  /** Redacts nothing. */
  revealing: Redactor;
  table: PushTable;
  facts: BodyFacts;
  hub: EventHub;
  history: StateHistory;
  replays: RunningReplays;
}
