/** An element of `payload.Details`. All fields are optional and unchecked, because a push with drift may contain anything. */
export interface CallDetailLike {
  readonly CallStartTime?: unknown;
  readonly CallEndTime?: unknown;
  readonly Status?: unknown;
  readonly RingType?: unknown;
  readonly TalkRound?: unknown;
  readonly AsrResult?:
    | readonly { readonly time?: unknown; readonly robottext?: unknown; readonly text?: unknown }[]
    | undefined;
  readonly RedailCall?: readonly { readonly CallStartTime?: unknown }[] | undefined;
}
