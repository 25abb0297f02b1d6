import { setTimeout as sleep } from "node:timers/promises";
import { describeEffect, type Effect, isEmpty } from "./effects.js";
import {
  call,
  callsOfOneTask,
  contact,
  delayLast,
  hugeCall,
  largePush,
  lastOfEach,
  notJson,
  states,
  statesOfFinishedTask,
  swapNeighbours,
  USUAL_TYPE,
  unknownPush,
  unusualCall,
} from "./pushes.js";
import type { DrillPush, PreparedPush } from "./renew.js";
import {
  adviceFor,
  type Comparison,
  type Context,
  compare,
  deliverCopies,
  deliverInOrder,
  expectRejection,
  failed,
  generated,
  NO_EFFECT_ADVICE,
  passed,
  prepare,
  rejection,
  responseOf,
  skipped,
  TOO_LARGE_ADVICE,
  type Verdict,
} from "./run.js";
import type { Delivery } from "./vendor.js";
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
/** Times between the last response and a crash, ms. */
const CRASH_DELAYS_MS = [0, 2, 10];

const DUPLICATE_ADVICE =
  "Detect duplicates: use the receiver's default duplicateWindowMs, or write with a unique key such as TaskID and CallID.";
const ORDER_ADVICE =
  "The order of arrival is not guaranteed: keep the state with the later timestamp, as newestState does, not the one that arrived last.";
const LOST_ADVICE =
  "Respond 200 only after the push is stored durably: use an inbox such as fileInbox, or finish the work before the response.";

/** The pushes that the user gave, or those of the scenario. */
function pushesOf(context: Context, fictitious: () => DrillPush[] = () => generated(context)): readonly DrillPush[] {
  return context.options.pushes ?? fictitious();
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
    compare(context, { pushes: pushesOf(context), deliver, what, advice: DUPLICATE_ADVICE });
  return { name, description, needs: ["valid"], run };
}

/** Delivers pushes in another order. Skipped if that order is the same. */
function reordering(
  name: string,
  description: string,
  {
    fictitious,
    reorder,
    what,
    advice,
  }: {
    fictitious: () => DrillPush[];
    reorder(pushes: readonly PreparedPush[]): PreparedPush[];
    what: string;
    advice: string;
  },
): Scenario {
  const run = async (context: Context) => {
    const pushes = pushesOf(context, fictitious);
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
    pushes,
    ...comparison
  }: Pick<Comparison, "what" | "rounds" | "repeatAdvice"> & {
    needs: readonly string[];
    pushes(context: Context): readonly DrillPush[];
    deliver(
      context: Context,
      restart: NonNullable<Context["restart"]>,
      ...rest: Parameters<Comparison["deliver"]> extends [Context, ...infer Rest] ? Rest : never
    ): Promise<Delivery[]>;
  },
): Scenario {
  const run = async (context: Context) => {
    const { restart } = context;
    if (restart === undefined)
      return skipped(
        "There is no way to restart the app.",
        "Give the option restart, or the flag --restart-with with the command that starts the app.",
      );
    return compare(context, {
      ...comparison,
      pushes: pushes(context),
      deliver: (_, prepared, testRun) => comparison.deliver(context, restart, prepared, testRun),
      atLeastOnce: true,
      advice: LOST_ADVICE,
    });
  };
  return { name, description, needs, run };
}

/** Delivers a push, and measures its effect. */
async function deliverOne(context: Context): Promise<{ delivery: Delivery; effect: Effect | undefined }> {
  const { pushes, names } = prepare(context, generated(context));
  const measurement = await context.meter?.start(names);
  const [delivery] = (await deliverInOrder(context, pushes)) as [Delivery];
  return { delivery, effect: delivery.accepted ? await measurement?.any() : undefined };
}

/** Every scenario, in the order of a drill. */
export const SCENARIOS: readonly Scenario[] = [
  {
    name: "valid",
    description: "One valid push must get the response 200 at the first attempt, and have an effect.",
    needs: [],
    async run(context) {
      const by = context.meter === undefined ? "responses only" : "effects";
      let { delivery, effect } = await deliverOne(context);
      // The scenario slow-handler reports an app that works too long.
      const isRejectedFirst = () => delivery.attempts.length > 1 && !context.vendor.isSlow(delivery.attempts[0]);
      // An app may reject the first push because it is still starting.
      if (delivery.accepted && isRejectedFirst()) ({ delivery, effect } = await deliverOne(context));
      const rejected = rejection(context, [delivery]);
      if (rejected !== undefined) return failed(by, rejected.reason, rejected.advice);
      const [first] = delivery.attempts;
      if (isRejectedFirst())
        return failed(
          by,
          `The first delivery of a valid push got ${responseOf(first)}, and a retry got 200.`,
          `Airudder retries only a minute later, and gives up after a few attempts. ${adviceFor(context, first)}`,
        );
      const type = context.session.type ?? USUAL_TYPE;
      if (effect === undefined) return passed(by, "The app responded 200 to a valid push.");
      if (isEmpty(effect)) {
        const reason = `The app responded 200 to a valid push (${type}), and verify shows no effect.`;
        return { ...failed(by, reason, NO_EFFECT_ADVICE), lacksEffect: true };
      }
      const description = describeEffect(effect, context.redact);
      const note = type === USUAL_TYPE ? "" : ` Note: ${USUAL_TYPE} has no effect, so the drill sends ${type}.`;
      return {
        ...passed(by, `The effect of one push: ${description}. Check that this is what one push should do.${note}`),
        effect: description,
      };
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
      await context.waitForRetry();
      return [...first, ...(await deliverInOrder(context, lastOfEach(pushes)))];
    },
  ),
  {
    name: "same-task",
    description: "Two calls of one task must each have an effect.",
    needs: ["valid"],
    async run(context) {
      if ((context.session.type ?? USUAL_TYPE) !== USUAL_TYPE)
        return skipped(
          `The app does not handle ${USUAL_TYPE}.`,
          "Add a handler for it if you need the results of calls.",
        );
      const { pushes, names } = prepare(context, callsOfOneTask());
      const deliveries: Delivery[] = [];
      for (const push of pushes) {
        const measurement = await context.meter?.start(names);
        deliveries.push(await context.vendor.deliver(push));
        const rejected = rejection(context, deliveries);
        if (rejected !== undefined) return failed("responses only", rejected.reason, rejected.advice);
        const effect = await measurement?.any(deliveries.length > 1);
        if (effect === undefined || !isEmpty(effect)) continue;
        const which = deliveries.length === 1 ? "first" : "second";
        return {
          ...failed(
            "effects",
            `Two calls of one task were delivered, and verify shows no effect of the ${which}.`,
            "Detect duplicates by TaskID and CallID, not by TaskID alone, and let verify show calls, not tasks.",
          ),
          lacksEffect: deliveries.length === 1,
        };
      }
      if (context.meter === undefined)
        return passed("responses only", "The app responded 200 to two calls of one task.");
      return passed("effects", "Two calls of one task each had an effect.");
    },
  },
  reordering("out-of-order", "A newer state that arrives before an older one must stay the final state.", {
    fictitious: states,
    reorder: swapNeighbours,
    what: "newer states arrived before older ones",
    advice: ORDER_ADVICE,
  }),
  reordering("late", "A state that arrives after the end of its task must still count.", {
    fictitious: statesOfFinishedTask,
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
      const { limitMs } = vendor.times;
      const renewed = () => prepare(context, generated(context)).pushes[0] as PreparedPush;
      let push = renewed();
      let attempt = await vendor.attempt(push, limitMs);
      if (attempt.status !== 200 && !vendor.isSlow(attempt)) {
        // The app may still be starting.
        await vendor.deliver(push);
        push = renewed();
        attempt = await vendor.attempt(push, limitMs);
      }
      if (attempt.status === 200)
        return passed(
          "responses only",
          `The response was 200 after ${Math.round(attempt.ms)} of ${Math.round(limitMs)} ms.`,
        );
      // Waits until the work has ended, so that its effect does not disturb the next scenario.
      await vendor.deliver(push);
      const after = attempt.error === "timeout" ? "" : ` after ${Math.round(attempt.ms)} ms`;
      return failed(
        "responses only",
        `The first attempt got ${responseOf(attempt)}${after}. Expected: 200 within ${Math.round(limitMs)} ms.`,
        vendor.isSlow(attempt)
          ? "The app works before it responds. Store the push, respond, and work afterwards: use an inbox such as fileInbox."
          : adviceFor(context, attempt),
      );
    },
  },
  crashing("crash", "The app is killed shortly after it has responded 200, several times. It must not lose work.", {
    needs: ["valid"],
    pushes: (context) => generated(context, BURST),
    rounds: CRASH_DELAYS_MS,
    what: "the app was killed shortly after its responses, and started again",
    async deliver({ vendor }, restart, pushes, { round: delayMs }) {
      // Some pushes were accepted a while ago, and the last one just now.
      const running: Promise<Delivery>[] = [];
      for (const push of pushes) {
        if (running.length > 0) await sleep(BURST_INTERVAL_MS);
        running.push(vendor.deliver(push));
      }
      const deliveries = await Promise.all(running);
      if (delayMs > 0) await sleep(delayMs);
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
      pushes: (context) => generated(context),
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
  crashing(
    "duplicate-after-restart",
    "The same push again after a restart of the app must not fail. The report says whether the app handled it again.",
    {
      needs: ["valid", "crash"],
      pushes: (context) => pushesOf(context),
      what: "each push was delivered again after a restart",
      repeatAdvice:
        "If that is not acceptable, use an inbox such as fileInbox, which remembers pushes across restarts, or write with a unique key.",
      async deliver(context, restart, pushes, { untilEffect }) {
        const first = await deliverInOrder(context, pushes);
        await untilEffect();
        await restart.kill();
        await restart.start();
        return [...first, ...(await deliverInOrder(context, lastOfEach(pushes)))];
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
        // The part of the path after /t/ may belong to the route of the app.
        ifMissing: to.hasOtherPath
          ? skipped(
              "With another value after /t/ in the URL, the app responds 404, which does not show that it checks a token.",
              "Give the receiver the option token, and the drill the same one (token, or AIRUDDER_TOKEN).",
            )
          : undefined,
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
        pushes: generated(context),
        instead: [largePush(context.session.type ?? USUAL_TYPE)],
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
      const rejected = rejection(context, deliveries);
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
