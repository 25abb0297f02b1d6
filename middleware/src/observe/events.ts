import type { AirudderErrorCode } from "../errors.js";
import type { PushType } from "../generated/types.js";
import type { Drift } from "../push/drift.js";

interface OfPush {
  readonly id: string;
  readonly type: PushType;
}

/**
 * An event in the life of a push. Events contain no payload values, except in `error`: the error that your own handler threw.
 *
 * Five events are results: `handled`, `ignored`, `failed`, `dead`, `quarantined`.
 */
export type AirudderEvent =
  /** A 200 was sent: the push is stored (inbox), or its result is known (direct). `ms`: from the first byte to the response. */
  | (OfPush & { readonly event: "accepted"; readonly verified: boolean; readonly replay: boolean; readonly ms: number })
  /** A copy of the last push of its subject: the response was 200, and it is not handled again. */
  | (OfPush & { readonly event: "duplicate"; readonly ms: number })
  /** Accepted, but the payload differs from its schema. */
  | (OfPush & { readonly event: "drift"; readonly drift: readonly Drift[] })
  /** The request was rejected. `hint` names the likely cause, for the owner of the receiver. */
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
  /** An attempt failed and a retry follows: by the inbox after `delayMs`, or by the vendor (direct mode, no `delayMs`). */
  | (OfPush & {
      readonly event: "failed";
      readonly attempt: number;
      readonly error: unknown;
      readonly delayMs?: number;
    })
  /** An attempt failed and no retry follows. The inbox keeps the push. */
  | (OfPush & { readonly event: "dead"; readonly attempt: number; readonly error: unknown })
  /** The payload lacks what handlers need, or the type is `unknown`, and no handler succeeded. An inbox keeps the push. */
  | (OfPush & { readonly event: "quarantined"; readonly drift: readonly Drift[] });

/** Receives every event. Its errors are ignored. */
export type Observer = (event: AirudderEvent) => void;
