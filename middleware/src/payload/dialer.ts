/** The dialer pushes, whichever form they came in. */
type Wrapped<B> = { readonly pds: { readonly body: B } };
type Bare<B> = { readonly body: B };

/**
 * The body of a dialer push: the stand-alone dialer sends `{ type, body }`, a workflow the same below `pds`.
 * @example receiver.on("dialer.agent", ({ payload }) => dialerBody(payload).State);
 */
export function dialerBody<B>(payload: Wrapped<B> | Bare<B>): B {
  return "pds" in payload ? payload.pds.body : payload.body;
}
