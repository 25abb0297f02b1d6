import type { PushType } from "../generated/types.js";
import type { Push, PushOf, QuarantinedPush } from "../push/push.js";

/** The second argument of a handler. */
export interface HandlerContext<Transaction = undefined> {
  /** Aborted when the attempt reaches its time limit, or when the receiver closes. Pass it to the operations that you await. */
  readonly signal: AbortSignal;
  /**
   * The transaction that marks the push as handled. What the handler writes through it is committed together with that mark, or not at
   * all. The inbox determines its type; `undefined` in direct mode and with inboxes that have no transactions.
   */
  readonly transaction: Transaction;
}

/** Handles a push. If it throws or rejects, the attempt has failed. */
export type Handler<P, Transaction = undefined> = (push: P, context: HandlerContext<Transaction>) => unknown;

type AnyHandler = Handler<Push | QuarantinedPush, unknown>;
type AnyContext = HandlerContext<unknown>;

/** The keys of `receiver.on` besides the types. `*` is for every push that is not quarantined, `quarantined` for the others. */
export interface HandlerMap {
  "*": Push;
  quarantined: QuarantinedPush;
}

/** The push that a handler for `K` receives. */
export type PushFor<K extends PushType | keyof HandlerMap> = K extends PushType
  ? PushOf<K>
  : K extends keyof HandlerMap
    ? HandlerMap[K]
    : never;

/** Result of handling a push without an error. */
export type HandlerResult = "handled" | "ignored" | "quarantined";

/** The values that select the handlers of a push. */
export interface HandlerKey {
  readonly type: PushType;
  /** Whether the payload lacks what the handlers of its type need. */
  readonly quarantined: boolean;
}

/** The registered handlers. */
export class Handlers {
  readonly #handlers = new Map<string, AnyHandler[]>();
  readonly #onAdd = new Set<() => void>();

  add(type: string, handler: Handler<never, never>): void {
    this.#handlers.set(type, [...(this.#handlers.get(type) ?? []), handler as AnyHandler]);
    for (const onAdd of this.#onAdd) onAdd();
  }

  /** Number of keys that have a handler: types, `*` and `quarantined`. */
  get size(): number {
    return this.#handlers.size;
  }

  /** Whether this push has a handler. */
  has(push: HandlerKey): boolean {
    return this.#find(push.type, push.quarantined) !== undefined;
  }

  /** The handlers of a push; `undefined` if it has none. `*` never receives a quarantined push. */
  #find(type: PushType, quarantined: boolean): AnyHandler[] | undefined {
    if (quarantined) return this.#handlers.get("quarantined");
    const ofType = this.#handlers.get(type);
    const ofAny = this.#handlers.get("*");
    if (ofType !== undefined) return ofAny === undefined ? ofType : [...ofType, ...ofAny];
    return ofAny ?? (type === "unknown" ? this.#handlers.get("quarantined") : undefined);
  }

  /** Resolves when a handler for this push is registered, or after `limitMs`. For a push of type `unknown`, any new handler ends the wait. */
  wait(push: HandlerKey, limitMs: number): Promise<void> {
    return new Promise((resolve) => {
      const settle = (): void => {
        clearTimeout(timer);
        this.#onAdd.delete(onAdd);
        resolve();
      };
      const onAdd = (): void => {
        if (push.type === "unknown" || this.has(push)) settle();
      };
      const timer = setTimeout(settle, limitMs);
      timer.unref();
      this.#onAdd.add(onAdd);
    });
  }

  /** Runs the handlers of a push in sequence. Returns the result without a promise if all of them are synchronous. */
  run(push: Push | QuarantinedPush, quarantined: boolean, context: AnyContext): HandlerResult | Promise<HandlerResult> {
    const handlers = this.#find(push.type, quarantined);
    if (handlers === undefined) return quarantined || push.type === "unknown" ? "quarantined" : "ignored";
    const running = runFrom(handlers, 0, push, context);
    return running === undefined ? "handled" : running.then(handled);
  }
}

function handled(): HandlerResult {
  return "handled";
}

/** Runs the handlers from index `start` on. Returns a promise as soon as one of them is asynchronous. */
function runFrom(
  handlers: AnyHandler[],
  start: number,
  push: Push | QuarantinedPush,
  context: AnyContext,
): void | Promise<void> {
  for (let i = start; i < handlers.length; i++) {
    const result = (handlers[i] as AnyHandler)(push, context);
    if (typeof result !== "object" || result === null) continue;
    if (isThenable(result)) {
      const next = i + 1;
      const settled = Promise.resolve(result);
      return next === handlers.length
        ? (settled as Promise<unknown> as Promise<void>)
        : settled.then(() => runFrom(handlers, next, push, context));
    }
    if (isGenerator(result))
      throw new TypeError("The handler returned a generator, whose body never runs. Use an async function.");
  }
}

function isThenable(value: object): value is PromiseLike<unknown> {
  return typeof (value as { then?: unknown }).then === "function";
}

function isGenerator(value: object): boolean {
  const tag = (value as { [Symbol.toStringTag]?: unknown })[Symbol.toStringTag];
  return tag === "Generator" || tag === "AsyncGenerator";
}
