import type { NoteEvent } from "../events.js";
import type { ResponseDifference } from "./differences.js";
import type { Verdict } from "./verdict.js";

/** What a replay tells. With `--json` each is one line. */
export type ReplayEvent = ReplayStart | VerdictEvent | ReplaySummary | NoteEvent;

/** What is about to be sent, and where. */
export interface ReplayStart {
  event: "replay";
  total: number;
  target: string;
}

/** A push was replayed. */
export interface VerdictEvent {
  event: "verdict";
  /** The push's id. */
  push: string;
  seq: number;
  type: string;
  verdict: Verdict;
  status: number | null;
  /** What the app's receiver reported, such as `handled` or `failed`; absent if the app reports nothing. */
  result?: string;
  /** Code of the app's error response, such as `handler_failed`. */
  code?: string;
  ms: number;
  /** Why it failed: the handler's error (redacted, unless `reveal` is set), or why there was no response. */
  error?: string;
  /** Where the response differs from the last one. */
  differences: ResponseDifference[];
  /** The status is not what `--expect` says, or no handler succeeded. */
  unexpected?: true;
}

/** All is sent and on disk. */
export interface ReplaySummary {
  event: "summary";
  total: number;
  verdicts: Partial<Record<Verdict, number>>;
  /** Number of pushes that did not meet `--expect`, or that were not sent and so not checked. */
  unexpected: number;
  /** Number of pushes that were not sent: they could not be edited or read, or the queue delivers them. */
  skipped?: number;
  /** It was stopped before all were sent. */
  interrupted?: true;
  /** Number of requests that were in flight at that moment and got no response. */
  stopped?: number;
  /** Number of pushes that were dropped from the journal before they could be sent. */
  dropped?: number;
  /** Number of deliveries that could not be recorded in the journal. */
  unrecorded?: number;
  ms: number;
}
