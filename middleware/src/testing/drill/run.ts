import { setTimeout as sleep } from "node:timers/promises";
import { covers, describeDifference, describeEffect, type Effect, isEmpty, isEqual } from "./effects.js";
import type { EffectMeter } from "./meter.js";
import type { DrillOptions, DrillResult } from "./options.js";
import { type DrillPush, type PreparedPush, type RenewedPushes, renewPushes } from "./renew.js";
import type { Attempt, Delivery, Vendor } from "./vendor.js";

/** What a scenario found. */
export type Verdict = Omit<DrillResult, "name" | "ms">;

/** What a scenario works with. */
export interface Context {
  readonly vendor: Vendor;
  /** Absent if there is no `verify`. */
  readonly meter: EffectMeter | undefined;
  readonly options: DrillOptions;
}

/** What a control run found. */
export interface Control {
  readonly effect: Effect | undefined;
  /** Time for the response to its first push, ms. */
  readonly responseMs: number;
}

/** A control run and a test run, whose effects must be equal. */
export interface Comparison {
  /** The pushes of the control run, which delivers them one after the other. */
  readonly pushes: readonly DrillPush[];
  /** The pushes of the test run. Default: `pushes`, with other ids. */
  readonly instead?: readonly DrillPush[];
  /** Makes the test run: delivers its pushes as the scenario says. Returns the deliveries that the app must accept. */
  deliver(context: Context, pushes: readonly PreparedPush[], control: Control): Promise<readonly Delivery[]>;
  /** Whether a larger effect than that of the control run is accepted, because each push is handled at least once. Default: false. */
  readonly atLeastOnce?: boolean;
  /** What the test run did, such as `each push was delivered twice`. */
  readonly what: string;
  /** What to do if the effects differ. */
  readonly advice: string;
  /** Whether the app may ignore these pushes. The scenario is then skipped. Default: false. */
  readonly isOptional?: boolean;
}

export function passed(by: DrillResult["by"], reason: string): Verdict {
  return { status: "passed", by, reason };
}

export function failed(by: DrillResult["by"], reason: string, advice: string): Verdict {
  return { status: "failed", by, reason, advice };
}

export function skipped(reason: string, advice: string): Verdict {
  return { status: "skipped", by: "responses only", reason, advice };
}

/** New ids for the pushes of a run. */
export function prepare({ options }: Context, pushes: readonly DrillPush[]): RenewedPushes {
  return renewPushes(pushes, options.key);
}

/** Delivers pushes one after the other. Stops at the first that is not accepted. */
export async function deliverInOrder({ vendor }: Context, pushes: readonly PreparedPush[]): Promise<Delivery[]> {
  const deliveries: Delivery[] = [];
  for (const push of pushes) {
    const delivery = await vendor.deliver(push);
    deliveries.push(delivery);
    if (!delivery.accepted) break;
  }
  return deliveries;
}

/** Compares the effect of a test run with that of a control run. Without `verify`, makes only the test run and checks its responses. */
export async function compare(context: Context, comparison: Comparison): Promise<Verdict> {
  const { meter } = context;
  const by = meter === undefined ? "responses only" : "effects";
  let control: Control = { effect: undefined, responseMs: 10 };
  if (meter !== undefined) {
    const { pushes, names } = prepare(context, comparison.pushes);
    const measurement = await meter.start(names);
    const deliveries = await deliverInOrder(context, pushes);
    const rejected = rejection(deliveries);
    if (rejected !== undefined) return failed(by, `Control run: ${rejected.reason}`, rejected.advice);
    const effect = await measurement.any(comparison.isOptional);
    if (isEmpty(effect)) return withoutEffect(comparison, pushes.length);
    control = { effect, responseMs: deliveries[0]?.last.ms ?? 0 };
  }
  const { pushes, names } = prepare(context, comparison.instead ?? comparison.pushes);
  const measurement = await meter?.start(names);
  const rejected = rejection(await comparison.deliver(context, pushes, control));
  if (rejected !== undefined) return failed(by, rejected.reason, rejected.advice);
  if (measurement === undefined || control.effect === undefined)
    return passed(by, `All responses were 200: ${comparison.what}.`);
  return judge(await measurement.reaching(control.effect), control.effect, comparison);
}

function judge(actual: Effect, expected: Effect, { what, advice, atLeastOnce }: Comparison): Verdict {
  if (isEqual(actual, expected))
    return passed("effects", `The effect was as expected (${describeEffect(expected)}): ${what}.`);
  const difference = describeDifference(actual, expected);
  if (atLeastOnce && covers(actual, expected)) {
    return passed("effects", `Nothing was lost: ${what}. Note: a push was handled more than once (${difference}).`);
  }
  return failed("effects", `${capitalized(what)}, and verify shows ${difference}.`, advice);
}

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function withoutEffect({ isOptional }: Comparison, count: number): Verdict {
  const reason = `verify shows no effect of the control run, although the app responded 200 to ${count === 1 ? "the push" : `all ${count} pushes`}.`;
  if (isOptional) return skipped(reason, "If the app handles these pushes, let verify show their effect.");
  return failed("effects", reason, NO_EFFECT_ADVICE);
}

/** What to do if a valid push has no effect. */
export const NO_EFFECT_ADVICE =
  "Check that the URL is the receiver's, that a handler for call.completed is registered, and that verify shows its effect.";

/** Checks that the app rejects a push with a 4xx, and that the push has no effect. @param to replaces the URL, and adds headers */
export async function expectRejection(
  context: Context,
  push: DrillPush,
  {
    what,
    advice,
    to,
  }: { what: string; advice: string; to?: { url?: string; headers?: Readonly<Record<string, string>> } },
): Promise<Verdict> {
  const { vendor, meter } = context;
  const { pushes, names } = prepare(context, [push]);
  const measurement = await meter?.start(names);
  const by = meter === undefined ? "responses only" : "effects";
  const { status, error } = await vendor.attempt(pushes[0] as PreparedPush, undefined, to);
  const effect = await measurement?.afterQuiet();
  const got = status === undefined ? `no response (${error})` : String(status);
  if (status === undefined || status < 400 || status >= 500)
    return failed(by, `The response to ${what} was ${got}. Expected: 401 or another 4xx.`, advice);
  if (effect !== undefined && !isEmpty(effect))
    return failed(by, `The response to ${what} was ${got}, but it had an effect: ${describeEffect(effect)}.`, advice);
  return passed(by, `The response to ${what} was ${got}${effect === undefined ? "" : ", and it had no effect"}.`);
}

/** The first delivery that was not accepted, in words; `undefined` if all were. */
export function rejection(deliveries: readonly Delivery[]): { reason: string; advice: string } | undefined {
  const delivery = deliveries.find(({ accepted }) => !accepted);
  if (delivery === undefined) return undefined;
  const { attempts, last } = delivery;
  const after = attempts.length === 1 ? "" : ` after ${attempts.length} attempts`;
  return { reason: `A valid push got ${responseOf(last)}${after}, not 200.`, advice: adviceFor(last) };
}

/** A response in words. */
export function responseOf({ status, error, ms }: Attempt): string {
  if (status !== undefined) return `the response ${status}`;
  if (error === "timeout") return `no response within ${Math.round(ms)} ms`;
  return `no response (${error})`;
}

function adviceFor({ status, error }: Attempt): string {
  if (status === 401 || status === 403) return "Give the key and the token that the app checks.";
  if (status === 404 || status === 405) return "Give the URL that the receiver is mounted at.";
  if (status === 413) return TOO_LARGE_ADVICE;
  if (error === "ECONNREFUSED") return "Start the app, or give its URL.";
  if (status === undefined) return "Find out in the app's log why it does not respond.";
  return "Find the error in the app's log, and respond 200 only after the push is stored or handled.";
}

/** What to do if a large push is rejected. */
export const TOO_LARGE_ADVICE =
  "A body parser or a proxy limits the size of bodies: mount the receiver before express.json(), or raise the limit to 1 MB or more.";

/** Delivers several copies of a push, without waiting for responses. @param delayMs time between two copies */
export async function deliverCopies(
  { vendor }: Context,
  push: PreparedPush,
  { copies, delayMs }: { copies: number; delayMs: number },
): Promise<Delivery[]> {
  const running: Promise<Delivery>[] = [];
  for (let i = 0; i < copies; i++) {
    if (i > 0 && delayMs > 0) await sleep(delayMs);
    running.push(vendor.deliver(push));
  }
  return Promise.all(running);
}
