import type { HeaderMap } from "airudder-webhooks/journal";
import type { Outcome } from "../http/index.js";

/** A response of the app, or one that the dev proxy sends in its place. */
export interface AppResponse {
  status: number;
  headers: HeaderMap;
  body: Buffer;
  /** The body was larger than the maximum that the dev proxy reads; `body` is its beginning. */
  isTruncated?: true;
}

/** The result of one attempt to deliver a push to the app: its response, or the reason why there is none. */
export interface DeliveryAttempt {
  /** When it began, ISO 8601. */
  at: string;
  /** The app's URL. Redact it before printing: its query may contain a token. */
  target: string;
  /** Duration, ms. */
  ms: number;
  /** Time from when the request was passed to the connection to the app until its response was complete, ms. */
  appMs?: number;
  response?: AppResponse;
  /** Why there is no complete response, on one line. */
  error?: string;
  /** What the app's receiver reports, if it is one of airudder-webhooks. Its `error` may quote the payload. */
  outcome?: Outcome;
  /** Whether the app may have received the push. */
  reached: boolean;
  /** The dev proxy stopped waiting: what the app would have responded is unknown. */
  stopped?: true;
}
