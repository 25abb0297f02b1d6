import type { AirudderErrorCode } from "../errors.js";
import type { PushType } from "../generated/types.js";
import type { Drift } from "../push/drift.js";

/** Fields of the events that concern one push. */
interface OfPush {
  readonly id: string;
  readonly type: PushType;
}

/**
 * Something that happened to a push. Events contain no payload values, except in `error`: the error that your own handler threw.
 *
 * Five events report the result of an attempt to handle a push: `handled`, `ignored`, `failed`, `dead`, `quarantined`.
 */
export type AirudderEvent =
  /**
   * The response is 200: the push is stored (inbox), or its result is known (direct mode and replays). `ms`: milliseconds
   * from when the receiver is called to the response.
   */
  | (OfPush & { readonly event: "accepted"; readonly verified: boolean; readonly replay: boolean; readonly ms: number })
  /** A duplicate of the last push of its subject. The response is 200, and it is not handled again. */
  | (OfPush & { readonly event: "duplicate"; readonly ms: number })
  /** The push was accepted, but its payload differs from its schema. */
  | (OfPush & { readonly event: "drift"; readonly drift: readonly Drift[] })
  /** The request was rejected. `hint` names the likely cause, for the developer. */
  | {
      readonly event: "rejected";
      readonly code: AirudderErrorCode;
      readonly status: number;
      readonly hint?: string;
      readonly ms: number;
    }
  /** The handlers of its type, of `*` or of `quarantined` succeeded. `ms`: their duration in milliseconds. */
  | (OfPush & { readonly event: "handled"; readonly attempt: number; readonly ms: number })
  /** The type of the push is known and has no handler. */
  | (OfPush & { readonly event: "ignored" })
  /**
   * An attempt failed and a retry follows: by the inbox after `delayMs`, or by the vendor (direct mode, no `delayMs`). A failed replay is
   * not retried and has no `delayMs`.
   */
  | (OfPush & {
      readonly event: "failed";
      readonly attempt: number;
      readonly error: unknown;
      readonly delayMs?: number;
    })
  /** An attempt failed and no retry follows. The inbox keeps the push. */
  | (OfPush & { readonly event: "dead"; readonly attempt: number; readonly error: unknown })
  /**
   * No handler is registered for the push, and its payload lacks what handlers need or its type is `unknown`. An inbox keeps the
   * push.
   */
  | (OfPush & { readonly event: "quarantined"; readonly drift: readonly Drift[] });

/** Receives every event. Errors that it throws are ignored. */
export type Observer = (event: AirudderEvent) => void;
