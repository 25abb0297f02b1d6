import type { LookupFunction } from "node:net";
import type { Redact } from "./effects.js";
import type { DrillPush, LeftOut } from "./renew.js";
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
   * scenario. Return only what must be equal for equal pushes, no times and no row ids. A `Map`, a `Set` or a `bigint` is accepted too, and a
   * number may be a text such as `"3"`. Default: only the responses are checked.
   */
  readonly verify?: (() => Promise<unknown> | unknown) | undefined;
  /**
   * Kills the app immediately, and starts it again. `start` resolves when it accepts connections. Default: scenarios that restart the app are
   * skipped.
   */
  readonly restart?: { kill(): Promise<void> | void; start(): Promise<void> | void } | undefined;
  /** Names of the scenarios to run, in this order. Default: all. */
  readonly scenarios?: readonly string[] | undefined;
  /** Divides the vendor's minute before a retry: 60 makes it one second. The limit of 10 s for a response stays. Default: 1. */
  readonly timeScale?: number | undefined;
  /** Maximum time to wait for side effects, and to retry a push that the app rejects, ms. Default: 10,000. */
  readonly settleMs?: number | undefined;
  /** Time without a change after which no further side effect is expected, ms. Default: 300, or longer if the app's effects are slower. */
  readonly quietMs?: number | undefined;
  /**
   * Recorded pushes, which replace the generated ones in the scenarios that repeat, swap or delay pushes. They get new ids.
   * Those that cannot be used are left out, see the event `pushes`.
   */
  readonly pushes?: readonly DrillPush[] | undefined;
  /** Called when recorded pushes are selected, at the start and the end of each scenario, and before the wait for a retry. */
  readonly onEvent?: ((event: DrillEvent) => void) | undefined;
  /** Sends a request to the app. Default: over HTTP or HTTPS. */
  readonly send?: ((request: DrillRequest, signal: AbortSignal) => Promise<DrillResponse>) | undefined;
  /** Resolves host names. Default: as the system does. */
  readonly lookup?: LookupFunction | undefined;
  /** Redacts the names of fields and the texts of `verify` in reasons. Default: they are unchanged. */
  readonly redact?: Redact | undefined;
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
  /** Only for `valid`: the effect of one push, such as `rows: +1`. The drill cannot tell whether it is the right one. */
  readonly effect?: string;
  /** Duration, ms. */
  readonly ms: number;
}

/** What a drill reports while it runs. `pushes`: how many recorded pushes are used, and why others are left out. `wait`: in ms. */
export type DrillEvent =
  | { readonly event: "pushes"; readonly used: number; readonly leftOut: readonly LeftOut[] }
  | { readonly event: "start"; readonly name: string }
  | { readonly event: "wait"; readonly name: string; readonly ms: number }
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
