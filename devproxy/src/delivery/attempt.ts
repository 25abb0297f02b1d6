import type { HeaderMap } from "airudder-webhooks/journal";
import type { Outcome } from "../http/index.js";

/** What the app said. */
export interface AppResponse {
  status: number;
  headers: HeaderMap;
  body: Buffer;
  /** The response was larger than the dev proxy reads; `body` is its beginning. */
  isCut?: true;
}

/** How one try to hand a push to the app went: an answer, or why there is none. */
export interface DeliveryAttempt {
  /** When it began, ISO 8601. */
  at: string;
  /** The app's URL. Its query may hold a token, so it is not for printing as it is. */
  target: string;
  ms: number;
  response?: AppResponse;
  error?: string;
  /** What the app's receiver reported, if it is one of ours. Its `error` may quote the payload. */
  outcome?: Outcome;
  /** Whether the app may have seen the push. */
  reached: boolean;
  /** We gave up waiting; nobody knows what the app would have said. */
  stopped?: true;
}
