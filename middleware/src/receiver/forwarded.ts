import type { StoredPush } from "../inbox/inbox.js";
import type { Duplicates, PendingPush } from "./duplicates.js";

type PutResult = "stored" | "duplicate";

/** A forwarded push that is being stored. */
interface RunningPush {
  readonly result: Promise<PutResult>;
  /** The entry in `Duplicates` of this push, or of the earlier push that it is a duplicate of. `undefined`: none. */
  readonly pending: PendingPush | undefined;
}

/** Accepts pushes that other processes received and forwarded to this one. Detects duplicates among the pushes of all these processes. */
export class ForwardedPushes {
  /** By id. */
  readonly #running = new Map<string, RunningPush>();

  constructor(
    private readonly duplicates: Duplicates,
    private readonly windowMs: number,
  ) {}

  /** See `InboxEvents.accept`. */
  accept(push: StoredPush, put: () => Promise<PutResult>, signal: AbortSignal): Promise<PutResult> {
    const { result, pending } = this.#running.get(push.id) ?? this.#begin(push, put);
    if (pending === undefined) return result;
    pending.waiting++;
    const abandon = (): void => {
      pending.waiting--;
      pending.isLate = true;
    };
    signal.addEventListener("abort", abandon, { once: true });
    const end = (): void => signal.removeEventListener("abort", abandon);
    result.then(end, end);
    return result;
  }

  #begin(push: StoredPush, put: () => Promise<PutResult>): RunningPush {
    if (this.windowMs === 0) return { result: put(), pending: undefined };
    const key = push.subject ?? push.type;
    const known = this.duplicates.find(key, push.sha256);
    if (known === true) return { result: Promise.resolve("duplicate"), pending: undefined };
    if (known !== false) return { result: known.accepting.then(() => "duplicate"), pending: known };
    const result = put();
    const pending = this.duplicates.begin(key, push.sha256, result);
    const running = { result, pending };
    this.#running.set(push.id, running);
    const settle = (accepted: boolean): void => {
      this.#running.delete(push.id);
      this.duplicates.settle(pending, accepted);
    };
    result.then(
      () => settle(true),
      () => settle(false),
    );
    return running;
  }
}
