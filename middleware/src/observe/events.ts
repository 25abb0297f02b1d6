import type { AirudderErrorCode } from "../errors.js";
import type { PushType } from "../generated/types.js";
import type { Drift } from "../push/drift.js";

interface OfPush {
  readonly id: string;
  readonly type: PushType;
}

/**
 * What happened to a push, one event each. An event holds no payload values, except `error`, which is what your own handler threw.
 *
 * The result of a push is one of five words: `handled`, `ignored`, `failed`, `dead`, `quarantined`.
 */
export type AirudderEvent =
  /** A 200 was sent: the push is stored (inbox), or its result is known (direct). `ms`: from the first byte to the response. */
  | (OfPush & { readonly event: "accepted"; readonly verified: boolean; readonly replay: boolean; readonly ms: number })
  /** A copy of the last push about its subject: answered 200, not handled again. */
  | (OfPush & { readonly event: "duplicate"; readonly ms: number })
  /** Accepted, but the payload differs from its schema. */
  | (OfPush & { readonly event: "drift"; readonly drift: readonly Drift[] })
  /** The request was rejected. `hint` tells the owner of the receiver the likely cause. */
  | {
      readonly event: "rejected";
      readonly code: AirudderErrorCode;
      readonly status: number;
      readonly hint?: string;
      readonly ms: number;
    }
  /** A handler of its type, of `*`, or of `quarantined` succeeded. `ms`: how long the handlers took. */
  | (OfPush & { readonly event: "handled"; readonly attempt: number; readonly ms: number })
  /** Its type is known and has no handler. */
  | (OfPush & { readonly event: "ignored" })
  /** An attempt failed and another will follow: a retry of the inbox after `delayMs`, or the vendor's (direct mode, no `delayMs`). */
  | (OfPush & {
      readonly event: "failed";
      readonly attempt: number;
      readonly error: unknown;
      readonly delayMs?: number;
    })
  /** The last attempt failed and none will follow: the inbox keeps the push. */
  | (OfPush & { readonly event: "dead"; readonly attempt: number; readonly error: unknown })
  /** The payload lacks what handlers need, or the type is `unknown`, and no handler took the push. An inbox keeps it. */
  | (OfPush & { readonly event: "quarantined"; readonly drift: readonly Drift[] });

/** Receives every event. What it throws is ignored. */
export type Observer = (event: AirudderEvent) => void;
