import { AirudderError } from "../errors.js";
import { describeError } from "../observe/describe-error.js";
import type { Recorder } from "../observe/recorder.js";
import type { Warnings } from "../observe/warnings.js";
import type { HandlerResult, Handlers } from "./handlers.js";
import { type CheckedPush, type ReceiverMode, settlesWithin } from "./mode.js";
import { warnUnhandled } from "./unhandled.js";

/** Direct mode: handlers run before the response, and nothing is stored. */
export class DirectMode implements ReceiverMode {
  readonly hasReplayTimeout = false;
  readonly detectsDuplicates = false;
  readonly #abort = new AbortController();
  readonly #context = { signal: this.#abort.signal, transaction: undefined };
  readonly #running = new Set<Promise<unknown>>();

  constructor(
    private readonly handlers: Handlers,
    private readonly recorder: Recorder,
    private readonly warnings: Warnings,
  ) {}

  opening(): undefined {}

  accept({ push, quarantined }: CheckedPush): HandlerResult | Promise<HandlerResult> {
    const startedAt = performance.now();
    const { id, type } = push;
    const succeed = (result: HandlerResult): HandlerResult => {
      if (result === "handled") {
        this.recorder.emit({ event: "handled", id, type, attempt: 1, ms: performance.now() - startedAt });
        return result;
      }
      if (result === "ignored") this.recorder.emit({ event: "ignored", id, type });
      else this.recorder.emit({ event: "quarantined", id, type, drift: push.drift });
      warnUnhandled(this.warnings, { type, result, isStored: false });
      return result;
    };
    const fail = (error: unknown): never => {
      this.recorder.emit({ event: "failed", id, type, attempt: 1, error });
      const { summary, locations } = describeError(error, push.payload);
      const retryNote = push.replay === undefined ? ". The response is 500, so Airudder retries" : "";
      const message = `A handler of ${type} failed, push ${id}, attempt 1: ${summary}${retryNote}.`;
      this.warnings.warn("AIRUDDER_HANDLER_FAILED", message, { detail: locations });
      throw new AirudderError("handler_failed", "The push could not be handled; send it again.", { cause: error });
    };
    let handling: HandlerResult | Promise<HandlerResult>;
    try {
      handling = this.handlers.run(push, quarantined, this.#context);
    } catch (error) {
      return fail(error);
    }
    if (typeof handling === "string") return succeed(handling);
    const running = handling.then(succeed, fail).finally(() => this.#running.delete(running));
    this.#running.add(running);
    return running;
  }

  async close(limitMs: number): Promise<void> {
    await settlesWithin(Promise.allSettled(this.#running), limitMs);
    this.#abort.abort();
  }
}
