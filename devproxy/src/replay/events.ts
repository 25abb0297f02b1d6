import type { NoteEvent } from "../events.js";
import type { ResponseDifference } from "./differences.js";
import type { Verdict } from "./verdict.js";

/** An event of a replay. `--json` prints each as one line; messages of notes go to standard error. */
export type ReplayEvent = ReplayStart | VerdictEvent | ReplaySummary | NoteEvent;

/** The replay starts. */
export interface ReplayStart {
  event: "replay";
  /** Number of pushes to send. */
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
  /** Why it failed: the handler's error, redacted unless `reveal` is set, or why there was no response. */
  error?: string;
  /** The differences between this response and the previous one. */
  differences: ResponseDifference[];
  /** The push was changed before it was sent, so the verdict compares different pushes. */
  edited?: true;
  /** It did not meet `--expect`: the status differs, or no handler succeeded. */
  unexpected?: true;
}

/** The replay has ended, and its deliveries are on disk. */
export interface ReplaySummary {
  event: "summary";
  /** Number of pushes with a verdict. */
  total: number;
  verdicts: Partial<Record<Verdict, number>>;
  /** Number of pushes that did not meet `--expect`, or that were not sent and so not checked. */
  unexpected: number;
  /** Number of pushes that were not sent: they could not be edited or read, or the queue delivers them. */
  skipped?: number;
  /** It was stopped before all pushes were sent. */
  interrupted?: true;
  /** Number of requests aborted before a response, because the replay was stopped. */
  stopped?: number;
  /** Number of pushes that were removed from the journal (`--keep`) before they could be sent. */
  dropped?: number;
  /** Number of deliveries that could not be recorded in the journal. */
  unrecorded?: number;
  ms: number;
}
