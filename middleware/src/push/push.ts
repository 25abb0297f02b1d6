import type { PushPayloads, PushType } from "../generated/types.js";
import type { Drift } from "./drift.js";

/** A push of one type, as its handlers receive it. */
export interface PushOf<T extends PushType> {
  /** Unique for each received push. Sortable by time. */
  readonly id: string;
  readonly type: T;
  /** The parsed body. It differs from its TypeScript type where `drift` says so. */
  readonly payload: PushPayloads[T];
  /** The exact bytes of the body, after decompression. */
  readonly raw: Buffer;
  /** Whether an earlier parser consumed the bytes. Then `raw` was re-serialised from the parsed object and may differ. */
  readonly reserialised: boolean;
  readonly receivedAt: Date;
  /** Number of the attempt, from 1. */
  readonly attempt: number;
  /** Whether the push carries a correct signature. Most types carry none. */
  readonly verified: boolean;
  /** The id of the recorded push that this one replays. */
  readonly replay: string | undefined;
  /** Where the payload differs from its schema. */
  readonly drift: readonly Drift[];
}

/** A push of any type. Narrow it by `type`. */
export type Push = { [T in PushType]: PushOf<T> }[PushType];

/** A push whose payload lacks something that every handler of its type needs, or has it with a wrong type. */
export interface QuarantinedPush extends Omit<PushOf<"unknown">, "type"> {
  readonly type: PushType;
}

/** The complete request of a push. */
export interface PushRequest {
  readonly method: string;
  /** Without the token. */
  readonly url: string;
  /** Without the token. */
  readonly headers: { readonly [name: string]: string | string[] | undefined };
  /** The exact bytes received. */
  readonly body: Buffer;
  /** The body after decompression. */
  readonly raw: Buffer;
  /** The parsed body, if an earlier parser left only that. Then `raw` was re-serialised from it. */
  readonly payload?: object | undefined;
  /** Whether `raw` may differ from the received bytes, because an earlier parser consumed them. */
  readonly reserialised: boolean;
  /** `performance.now()` when the receiver was called. */
  readonly startedAt: number;
}
