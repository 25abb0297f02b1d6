import { setTimeout as sleep } from "node:timers/promises";
import { isEmpty } from "./effects.js";
import {
  call,
  calls,
  contact,
  delayLast,
  hugeCall,
  largeCall,
  lastOfEach,
  notJson,
  states,
  statesOfFinishedTask,
  swapNeighbours,
  unknownPush,
  unusualCall,
} from "./material.js";
import type { DrillPush, PreparedPush } from "./renew.js";
import {
  type Comparison,
  type Context,
  compare,
  deliverCopies,
  deliverInOrder,
  expectRejection,
  failed,
  NO_EFFECT_ADVICE,
  passed,
  prepare,
  rejection,
  responseOf,
  skipped,
  TOO_LARGE_ADVICE,
  type Verdict,
} from "./run.js";
import { type Delivery, RETRY_DELAY_MS } from "./vendor.js";
import { wrongToken } from "./wrong-token.js";

/** A scenario of a drill. */
export interface Scenario {
  readonly name: string;
  /** What happens, and what the app must do. */
  readonly description: string;
  /** Scenarios before it. If one of them fails, this one is skipped, because it would fail for the same reason. */
  readonly needs: readonly string[];
  run(context: Context): Promise<Verdict>;
}

const COPIES = 8;
const BURST = 5;
const BURST_INTERVAL_MS = 30;
const MIN_OVERLAP_MS = 2;

const DUPLICATE_ADVICE =
  "Detect duplicates: use the receiver's default duplicateWindowMs, or write with a unique key such as TaskID and CallID.";
const ORDER_ADVICE =
  "The order of arrival is not guaranteed: keep the state with the later timestamp, as newestState does, not the one that arrived last.";
const LOST_ADVICE =
  "Respond 200 only after the push is stored durably: use an inbox such as fileInbox, or finish the work before the response.";

/** The pushes that the user gave, or those of the scenario. */
function pushesOf({ options }: Context, generated: () => DrillPush[]): readonly DrillPush[] {
  return options.pushes ?? generated();
}

/** Delivers each push as `deliver` says, one push after the other. */
async function each(
  pushes: readonly PreparedPush[],
  deliver: (push: PreparedPush) => Promise<Delivery[]>,
): Promise<Delivery[]> {
  const deliveries: Delivery[] = [];
  for (const push of pushes) deliveries.push(...(await deliver(push)));
  return deliveries;
}

function repeating(name: string, description: string, what: string, deliver: Comparison["deliver"]): Scenario {
  const run = (context: Context) =>
    compare(context, { pushes: pushesOf(context, () => [call()]), deliver, what, advice: DUPLICATE_ADVICE });
  return { name, description, needs: ["valid"], run };
}

/** Delivers pushes in another order. Skipped if that order is the same. */
function reordering(
  name: string,
  description: string,
  {
    generated,
    reorder,
    what,
    advice,
  }: {
    generated: () => DrillPush[];
    reorder(pushes: readonly PreparedPush[]): PreparedPush[];
    what: string;
    advice: string;
  },
): Scenario {
  const run = async (context: Context) => {
    const pushes = pushesOf(context, generated);
    const { pushes: inOrder } = prepare(context, pushes);
    if (reorder(inOrder).every((push, i) => push === inOrder[i]))
      return skipped(
        "The recorded pushes contain no states whose order could be changed.",
        "Give a range with the states of dialer contacts or agents, or leave it out.",
      );
    const deliver: Comparison["deliver"] = (_, each) => deliverInOrder(context, reorder(each));
    return compare(context, { pushes, deliver, what, advice, isOptional: context.options.pushes === undefined });
  };
  return { name, description, needs: ["valid"], run };
}

/** Kills the app. Skipped without `restart`. */
function crashing(
  name: string,
  description: string,
  {
    needs,
    ...comparison
  }: Pick<Comparison, "pushes" | "what"> & {
    needs: readonly string[];
    deliver(
      context: Context,
      restart: NonNullable<Context["options"]["restart"]>,
      ...rest: Parameters<Comparison["deliver"]> extends [Context, ...infer Rest] ? Rest : never
    ): Promise<Delivery[]>;
  },
): Scenario {
  const run = async (context: Context) => {
    const { restart } = context.options;
    if (restart === undefined)
      return skipped(
        "There is no way to restart the app.",
        "Give the option restart, or the flag --restart-with with the command that starts the app.",
      );
    return compare(context, {
      ...comparison,
      deliver: (_, pushes, control) => comparison.deliver(context, restart, pushes, control),
      atLeastOnce: true,
      advice: LOST_ADVICE,
    });
  };
  return { name, description, needs, run };
}

/** Every scenario, in the order of a drill. */
export const SCENARIOS: readonly Scenario[] = [
  {
    name: "valid",
    description: "One valid push must get the response 200 and have an effect.",
    needs: [],
    async run(context) {
      const { pushes, names } = prepare(context, [call()]);
      const measurement = await context.meter?.start(names);
      const rejected = rejection(await deliverInOrder(context, pushes));
      const by = measurement === undefined ? "responses only" : "effects";
      if (rejected !== undefined) return failed(by, rejected.reason, rejected.advice);
      if (measurement !== undefined && isEmpty(await measurement.any()))
        return failed(by, "The app responded 200 to a valid push, and verify shows no effect.", NO_EFFECT_ADVICE);
      return passed(
        by,
        `The app responded 200 to a valid push${measurement === undefined ? "" : ", which had an effect"}.`,
      );
    },
  },
  repeating(
    "duplicate",
    "The same push again after the response must have no further effect.",
    "each push was delivered twice",
    (context, pushes) => each(pushes, async (push) => deliverInOrder(context, [push, push])),
  ),
  repeating(
    "duplicate-at-once",
    "The same push again while the first is being handled must have no further effect.",
    "each push was delivered again while it was being handled",
    (context, pushes, { responseMs }) =>
      each(pushes, (push) =>
        deliverCopies(context, push, { copies: 2, delayMs: Math.max(MIN_OVERLAP_MS, responseMs / 2) }),
      ),
  ),
  repeating(
    "parallel",
    `${COPIES} copies of a push in parallel must have the effect of one.`,
    `${COPIES} copies of each push were delivered in parallel`,
    (context, pushes) => each(pushes, (push) => deliverCopies(context, push, { copies: COPIES, delayMs: 0 })),
  ),
  repeating(
    "retry-after-minute",
    "Airudder's retry a minute later must have no further effect.",
    "each push was delivered again a minute later",
    async (context, pushes) => {
      const first = await deliverInOrder(context, pushes);
      await sleep(RETRY_DELAY_MS / context.vendor.timeScale);
      return [...first, ...(await deliverInOrder(context, lastOfEach(pushes)))];
    },
  ),
  reordering("out-of-order", "A newer state that arrives before an older one must stay the final state.", {
    generated: states,
    reorder: swapNeighbours,
    what: "newer states arrived before older ones",
    advice: ORDER_ADVICE,
  }),
  reordering("late", "A state that arrives after the end of its task must still count.", {
    generated: statesOfFinishedTask,
    reorder: delayLast,
    what: "the last states arrived after all other pushes",
    advice: "Do not discard states of a task that has finished: they may be the only report of what happened.",
  }),
  {
    name: "slow-handler",
    description: "The first response must be 200 within Airudder's 10 s.",
    needs: ["valid"],
    async run(context) {
      const { vendor } = context;
      const push = prepare(context, [call()]).pushes[0] as PreparedPush;
      const attempt = await vendor.attempt(push, vendor.limitMs);
      if (attempt.status === 200)
        return passed(
          "responses only",
          `The response was 200 after ${Math.round(attempt.ms)} of ${Math.round(vendor.limitMs)} ms.`,
        );
      // Waits until the work has ended, so that its effect does not disturb the next scenario.
      await vendor.deliver(push);
      const after = attempt.status === undefined ? "" : ` after ${Math.round(attempt.ms)} ms`;
      return failed(
        "responses only",
        `The first attempt got ${responseOf(attempt)}${after}. Expected: 200 within ${Math.round(vendor.limitMs)} ms.`,
        "The app works before it responds. Store the push, respond, and work afterwards: use an inbox such as fileInbox.",
      );
    },
  },
  crashing("crash", "The app is killed after it has responded 200. It must not lose work.", {
    needs: ["valid"],
    pushes: calls(BURST),
    what: "the app was killed right after its responses, and started again",
    async deliver({ vendor }, restart, pushes) {
      // Some pushes were accepted a while ago, and the last one just now.
      const running: Promise<Delivery>[] = [];
      for (const push of pushes) {
        if (running.length > 0) await sleep(BURST_INTERVAL_MS);
        running.push(vendor.deliver(push));
      }
      const deliveries = await Promise.all(running);
      await restart.kill();
      await restart.start();
      return deliveries;
    },
  }),
  crashing(
    "crash-before-response",
    "The app is killed while it handles a push. Airudder's retry must have the effect of the push.",
    {
      // An app that loses accepted pushes may also accept and lose this one.
      needs: ["valid", "crash"],
      pushes: [call()],
      what: "the app was killed before its response, and got the push again after the restart",
      async deliver(context, restart, pushes, { responseMs }) {
        const push = pushes[0] as PreparedPush;
        const lost = context.vendor.attempt(push);
        await sleep(responseMs / 2);
        await restart.kill();
        // If the app responded in time, the response counts as lost on its way to Airudder.
        await lost;
        await restart.start();
        return deliverInOrder(context, [push]);
      },
    },
  ),
  {
    name: "bad-signature",
    description: "A push with a wrong Sign must be rejected and have no effect.",
    needs: [],
    run: (context) =>
      expectRejection(
        { ...context, options: { ...context.options, key: `not ${context.options.key ?? "the key"}` } },
        call(),
        {
          what: "a push with a wrong Sign",
          advice: "Verify the Sign of each push, and give the receiver the key that is agreed with Airudder.",
        },
      ),
  },
  {
    name: "wrong-token",
    description: "A push with a wrong token must be rejected and have no effect.",
    needs: [],
    async run(context) {
      const to = wrongToken(context.options);
      if (to === undefined)
        return skipped(
          "The drill has no token. Pushes of dialers and workflows carry no signature, so a token is their only protection.",
          "Give the receiver a token, and the drill the same one (token, or AIRUDDER_TOKEN).",
        );
      return expectRejection(context, contact(), {
        what: "a push with a wrong token",
        advice: "Give the receiver the option token, so that it rejects pushes that do not carry it.",
        to,
      });
    },
  },
  {
    name: "not-json",
    description: "A body that is not JSON must be rejected and have no effect.",
    needs: [],
    run: (context) =>
      expectRejection(context, notJson(), {
        what: "a body that is not JSON",
        advice:
          "Respond 400 to a body that is not JSON: something responds 200, or fails, before the receiver gets the request.",
      }),
  },
  {
    name: "unknown-push",
    description: "A JSON object of an unknown type must get the response 200, because Airudder's docs are incomplete.",
    needs: ["valid"],
    async run(context) {
      const { last, accepted } = (
        await deliverInOrder(context, prepare(context, [unknownPush()]).pushes)
      )[0] as Delivery;
      if (accepted) return passed("responses only", "The app responded 200 to a push of an unknown type.");
      return failed(
        "responses only",
        `A push of an unknown type got ${responseOf(last)}, not 200.`,
        "Respond 200 to pushes of unknown types, and keep them for inspection: after a few failed attempts, Airudder discards them.",
      );
    },
  },
  {
    name: "large-push",
    description: "A valid push of 1 MB must get the response 200 and have the effect of a small one.",
    needs: ["valid"],
    run: (context) =>
      compare(context, {
        // The control run sends a small push, so that only the size can cause a rejection.
        pushes: [call()],
        instead: [largeCall()],
        deliver: deliverInOrder,
        what: "the push had a size of 1 MB",
        advice: TOO_LARGE_ADVICE,
      }),
  },
  {
    name: "huge",
    description: "A push of more than 10 MB must be rejected, and the next push accepted.",
    needs: [],
    async run(context) {
      const attempt = await context.vendor.attempt(prepare(context, [hugeCall()]).pushes[0] as PreparedPush);
      const { status, error } = attempt;
      const isRejected =
        status === undefined ? error !== "timeout" && error !== "ECONNREFUSED" : status >= 400 && status < 500;
      if (!isRejected)
        return failed(
          "responses only",
          `A push of more than 10 MB got ${responseOf(attempt)}. Expected: 413, or a closed connection.`,
          "Limit the size of bodies, so that one request cannot exhaust the memory.",
        );
      const [next] = await deliverInOrder(context, prepare(context, [call()]).pushes);
      const nextStatus = next?.last.status;
      if (nextStatus === undefined || nextStatus >= 500)
        return failed(
          "responses only",
          `A push of more than 10 MB was rejected, and the next push got ${responseOf((next as Delivery).last)}, not 200.`,
          "Find out in the app's log why it does not recover from a large request.",
        );
      return passed("responses only", `A push of more than 10 MB got ${responseOf(attempt)}; the app still responds.`);
    },
  },
  {
    name: "exact-bytes",
    description: "The receiver must get the exact bytes, not a re-serialized body.",
    needs: ["valid"],
    async run(context) {
      // Both bodies get the same ids: the second is a duplicate of the first only if it is parsed and serialized again.
      const headers = { "airudder-devproxy": "1" };
      const { pushes } = prepare(
        context,
        [unusualCall(" "), unusualCall("\t")].map((push) => ({ ...push, headers })),
      );
      const deliveries = await deliverInOrder(context, pushes);
      const rejected = rejection(deliveries);
      if (rejected !== undefined) return failed("responses only", rejected.reason, rejected.advice);
      const outcomes = deliveries.map(({ attempts }) => attempts.map((attempt) => outcomeOf(attempt.headers)));
      if (outcomes.flat().every((outcome) => outcome === undefined))
        return skipped(
          "The app does not report how it received the body, as airudder-webhooks does.",
          "Check that no body parser runs before the code that verifies and stores pushes.",
        );
      const isReserialised = outcomes.flat().some((outcome) => outcome?.reserialised === true);
      const isDuplicate = outcomes[1]?.[0]?.duplicate === true;
      if (isReserialised || isDuplicate)
        return failed(
          "responses only",
          "A body parser before the receiver consumed the bytes, so the receiver got a re-serialized body.",
          "Mount the receiver before express.json() and other body parsers.",
        );
      return passed("responses only", "Unusual spacing, \\/, emoji and 1.0 arrived byte for byte.");
    },
  },
];

function outcomeOf(
  headers: Readonly<Record<string, unknown>>,
): { reserialised?: unknown; duplicate?: unknown } | undefined {
  const header = headers["airudder-outcome"];
  if (typeof header !== "string") return undefined;
  try {
    return JSON.parse(header) as object;
  } catch {
    return {};
  }
}
