import type { AirudderErrorCode } from "../errors.js";
import type { PushType } from "../generated/types.js";
import type { Drift } from "../push/drift.js";

interface OfPush {
  readonly id: string;
  readonly type: PushType;
}

/** What happens to pushes, one event each. No event holds personal data: payload values never, drift entries are masked. */
export type AirudderEvent =
  /** Answered 200, or about to be: stored, or handled (direct). `ms`: from the first byte to the answer. */
  | (OfPush & { readonly event: "accepted"; readonly verified: boolean; readonly replay: boolean; readonly ms: number })
  /** A copy of the subject's last push: answered as that was, not handled again. */
  | (OfPush & { readonly event: "duplicate"; readonly ms: number })
  /** Accepted, but its payload differs from the schema. */
  | (OfPush & { readonly event: "drift"; readonly drift: readonly Drift[] })
  /** Accepted and kept, but not fit for its handlers. */
  | (OfPush & { readonly event: "quarantined"; readonly drift: readonly Drift[] })
  /** Refused. `hint` says what the owner of the receiver most likely has to mend. */
  | {
      readonly event: "rejected";
      readonly code: AirudderErrorCode;
      readonly status: number;
      readonly hint?: string;
      readonly ms: number;
    }
  /** Its handlers are through. */
  | (OfPush & { readonly event: "handled"; readonly attempt: number; readonly ms: number })
  /** A handler failed; the push will be tried again. */
  | (OfPush & {
      readonly event: "retrying";
      readonly attempt: number;
      readonly error: unknown;
      readonly delayMs: number;
    })
  /** A handler failed for the last time (inbox), or its failure was answered 500 (direct). */
  | (OfPush & { readonly event: "dead"; readonly attempt: number; readonly error: unknown });

/** Is told of every event. What it throws is ignored. */
export type Observer = (event: AirudderEvent) => void;
