/** A push's request, read whole. */
export interface Received {
  readonly method: string;
  readonly url: string;
  readonly headers: { readonly [name: string]: string | string[] | undefined };
  /** The exact bytes that came. */
  readonly body: Buffer;
  /** Those bytes without their content encoding. */
  readonly raw: Buffer;
  /** The parsed body, when an earlier parser left nothing else: `raw` was made from it. */
  readonly payload?: object | undefined;
  /** `performance.now()` when the request was first seen. */
  readonly startedAt: number;
}
