/**
 * A call of `payload.Details`, or as much of one as there is: what is read from it is checked, since a push with drift may hold anything.
 */
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
