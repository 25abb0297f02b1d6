import type { PushType } from "../generated/types.js";
import type { Push, PushOf, QuarantinedPush } from "../push/push.js";

/** What a handler gets besides the push. */
export interface HandlerContext {
  /** Aborted when the try has run out of time, or the receiver is closing: pass it on to what you wait for. */
  readonly signal: AbortSignal;
}

/** Handles pushes. A throw or a rejection means: not handled, try again. */
export type Handler<P> = (push: P, context: HandlerContext) => unknown;

type AnyHandler = Handler<Push | QuarantinedPush>;

/** What `receiver.on` takes: a type, `*` for every accepted push, `quarantined` for those no typed handler can rely on. */
export interface HandlerMap {
  "*": Push;
  quarantined: QuarantinedPush;
}

/** The push that a handler of `K` gets. */
export type PushFor<K extends PushType | keyof HandlerMap> = K extends PushType
  ? PushOf<K>
  : K extends keyof HandlerMap
    ? HandlerMap[K]
    : never;

/** Who handles what. */
export class Handlers {
  readonly #handlers = new Map<string, AnyHandler[]>();

  add(type: string, handler: Handler<never>): void {
    this.#handlers.set(type, [...(this.#handlers.get(type) ?? []), handler as AnyHandler]);
  }

  has(type: string): boolean {
    return this.#handlers.has(type);
  }

  /** Whether anybody handles pushes of a type. */
  handles(type: string): boolean {
    return this.#handlers.has(type) || this.#handlers.has("*");
  }

  /** Runs a push's handlers one after the other. Returns nothing when all of them were synchronous. */
  run(push: Push | QuarantinedPush, quarantined: boolean, context: HandlerContext): void | Promise<void> {
    const own = this.#handlers.get(quarantined ? "quarantined" : push.type);
    const all = quarantined ? undefined : this.#handlers.get("*");
    if (own === undefined && all === undefined) return;
    return runFrom(own !== undefined && all !== undefined ? [...own, ...all] : (own ?? all ?? []), 0, push, context);
  }
}

function runFrom(
  handlers: AnyHandler[],
  start: number,
  push: Push | QuarantinedPush,
  context: HandlerContext,
): void | Promise<void> {
  for (let i = start; i < handlers.length; i++) {
    const result = (handlers[i] as AnyHandler)(push, context);
    if (isThenable(result)) {
      const rest = i + 1;
      const settled = Promise.resolve(result);
      return rest === handlers.length
        ? (settled as Promise<void>)
        : settled.then(() => runFrom(handlers, rest, push, context));
    }
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && typeof (value as { then?: unknown }).then === "function";
}
