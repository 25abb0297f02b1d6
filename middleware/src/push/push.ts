import type { PushPayloads, PushType } from "../generated/types.js";
import type { Drift } from "./drift.js";

/** A push of one type, as a handler gets it. */
export interface PushOf<T extends PushType> {
  /** Unique per arrival, sortable by time. */
  readonly id: string;
  readonly type: T;
  /** The parsed body. Where `drift` is not empty it differs there from its type. */
  readonly payload: PushPayloads[T];
  /** The body's exact bytes, after content decoding. */
  readonly raw: Buffer;
  /** `true` when an earlier parser took the bytes, and `raw` was made from its object: not the bytes that came. */
  readonly reserialised: boolean;
  readonly receivedAt: Date;
  /** 1 for the first try to handle it. */
  readonly attempt: number;
  /** Whether a signature was there and right. Most pushes carry none. */
  readonly verified: boolean;
  /** The id of the recorded push that this one replays. */
  readonly replay: string | undefined;
  /** Where the payload differs from its schema. */
  readonly drift: readonly Drift[];
}

/** Any push: narrow it by its `type`. */
export type Push = { [T in PushType]: PushOf<T> }[PushType];

/** A push that a handler cannot rely on: something that every handler of its type needs is missing or of another type. */
export interface QuarantinedPush extends Omit<PushOf<"unknown">, "type"> {
  readonly type: PushType;
}

/** A push's request, read whole. */
export interface PushRequest {
  readonly method: string;
  /** Without the token. */
  readonly url: string;
  /** Without the token. */
  readonly headers: { readonly [name: string]: string | string[] | undefined };
  /** The exact bytes that came. */
  readonly body: Buffer;
  /** Those bytes without their content encoding. */
  readonly raw: Buffer;
  /** The parsed body, when an earlier parser left nothing else: `raw` was made from it. */
  readonly payload?: object | undefined;
  /** Whether `raw` was serialised again after an earlier parser, so it may differ from the received bytes. */
  readonly reserialised: boolean;
  /** `performance.now()` when the receiver was called. */
  readonly startedAt: number;
}
