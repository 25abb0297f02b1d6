import type { DrillPush } from "./renew.js";
import type { DrillRequest, DrillResponse } from "./send.js";

/** How {@link drill} reaches and checks an app. */
export interface DrillOptions {
  /** URL that the app receives pushes at. */
  readonly url: string;
  /** Key that the app verifies signatures with. Default: the vendor's published key `airudder`. */
  readonly key?: string | undefined;
  /** Token that the app requires. Sent in the header `Airudder-Token`. Default: none, unless the URL contains it. */
  readonly token?: string | undefined;
  /**
   * Returns a number, or a value that can be written as JSON: a row count, the states of calls. It is called before and after the pushes of a
   * scenario. Return only what must be equal for equal pushes, no times and no row ids. Default: only the responses are checked.
   */
  readonly verify?: (() => Promise<unknown> | unknown) | undefined;
  /** Kills the app immediately, and starts it again. `start` resolves when it accepts connections. Default: `crash` scenarios are skipped. */
  readonly restart?: { kill(): Promise<void> | void; start(): Promise<void> | void } | undefined;
  /** Names of the scenarios to run, in this order. Default: all. */
  readonly scenarios?: readonly string[] | undefined;
  /** Divides the vendor's times: 60 makes the minute before a retry one second, and the limit for a response 167 ms. Default: 1. */
  readonly timeScale?: number | undefined;
  /** Maximum time to wait for side effects, ms. Default: 10,000. */
  readonly settleMs?: number | undefined;
  /** Time without a change after which no further side effect is expected, ms. Default: 300, or longer if the app's effects are slower. */
  readonly quietMs?: number | undefined;
  /** Recorded pushes, which replace the generated ones in the scenarios that repeat, swap or delay pushes. They get new ids. */
  readonly pushes?: readonly DrillPush[] | undefined;
  /** Called at the start and at the end of each scenario. */
  readonly onEvent?: ((event: DrillEvent) => void) | undefined;
  /** Sends a request to the app. Default: over HTTP or HTTPS. */
  readonly send?: ((request: DrillRequest, signal: AbortSignal) => Promise<DrillResponse>) | undefined;
}

/** The result of a scenario. */
export interface DrillResult {
  /** Name of the scenario. */
  readonly name: string;
  /** `skipped`: the scenario does not apply, or lacks an option; see `reason`. */
  readonly status: "passed" | "failed" | "skipped";
  /** What the result is based on. */
  readonly by: "effects" | "responses only";
  /** What was expected, and what happened. One sentence or more, on one line. */
  readonly reason: string;
  /** What to do about a failure; absent if the scenario passed. */
  readonly advice?: string;
  /** Duration, ms. */
  readonly ms: number;
}

/** What a drill reports while it runs. */
export type DrillEvent =
  | { readonly event: "start"; readonly name: string }
  | ({ readonly event: "result" } & DrillResult);

/** The results of a drill. */
export interface DrillReport {
  /** Whether no scenario failed. */
  readonly ok: boolean;
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly results: readonly DrillResult[];
  /** Duration, ms. */
  readonly ms: number;
}
