import type { NoteEvent } from "../events.js";
import type { Difference } from "./differences.js";
import type { Verdict } from "./verdict.js";

/** What a replay tells. With `--json` each is one line. */
export type ReplayEvent = ReplayStart | VerdictEvent | ReplaySummary | NoteEvent;

/** What is about to be sent, and where. */
export interface ReplayStart {
  event: "replay";
  total: number;
  target: string;
}

/** A push was played again. */
export interface VerdictEvent {
  event: "verdict";
  /** The push's id. */
  push: string;
  seq: number;
  type: string;
  verdict: Verdict;
  status: number | null;
  ms: number;
  error?: string;
  /** Where the answer differs from the last one. */
  differences: Difference[];
  /** The status is not what `--expect` says. */
  unexpected?: true;
}

/** All is sent and on disk. */
export interface ReplaySummary {
  event: "summary";
  total: number;
  verdicts: Partial<Record<Verdict, number>>;
  /** How many statuses were not what `--expect` says. */
  unexpected: number;
  /** It was stopped before all were sent. */
  interrupted?: true;
  /** How many were on their way then, and got no answer. */
  stopped?: number;
  /** How many were dropped from the journal before they could be sent. */
  dropped?: number;
  /** How many deliveries could not be recorded in the journal. */
  unrecorded?: number;
  ms: number;
}
