/** A push's request, read whole. */
export interface Received {
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
