import { AirudderError } from "../errors.js";
import type { Recorder } from "../observe/recorder.js";
import { warnOnce, warnUnhandled } from "../observe/warn.js";
import type { Handlers } from "../work/handlers.js";
import { type Admitted, type Keeper, settlesWithin } from "./keeper.js";

/** Direct mode: nothing is stored; a push is kept when its handlers are through, and the sender waits for that. */
export class Direct implements Keeper {
  readonly #abort = new AbortController();
  readonly #context = { signal: this.#abort.signal };
  readonly #running = new Set<Promise<void>>();

  constructor(
    private readonly handlers: Handlers,
    private readonly recorder: Recorder,
  ) {}

  readonly keep = ({ push, quarantined }: Admitted): void | Promise<void> => {
    const startedAt = performance.now();
    const { id, type } = push;
    let running: Promise<void> | undefined;
    const succeed = (): void => {
      if (running !== undefined) this.#running.delete(running);
      this.recorder.tell({ event: "handled", id, type, attempt: 1, ms: performance.now() - startedAt });
    };
    const fail = (error: unknown): never => {
      if (running !== undefined) this.#running.delete(running);
      this.recorder.tell({ event: "dead", id, type, attempt: 1, error });
      throw new AirudderError("handler_failed", "The push could not be handled; send it again.", { cause: error });
    };
    if (quarantined && !this.handlers.has("quarantined")) {
      warnOnce(
        "AIRUDDER_QUARANTINE_UNKEPT",
        'A push was quarantined and nobody kept it. Without an inbox, keep such pushes with receiver.on("quarantined", handler).',
      );
    }
    if (!quarantined && !this.handlers.handles(type)) warnUnhandled(type);
    let handling: void | Promise<void>;
    try {
      handling = this.handlers.run(push, quarantined, this.#context);
    } catch (error) {
      return fail(error);
    }
    if (handling === undefined) return succeed();
    running = handling.then(succeed, fail);
    this.#running.add(running);
    return running;
  };

  async close(limitMs: number): Promise<void> {
    await settlesWithin(Promise.allSettled(this.#running), limitMs);
    this.#abort.abort();
  }
}
