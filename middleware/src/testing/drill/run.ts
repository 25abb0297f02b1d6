import { setTimeout as sleep } from "node:timers/promises";
import type { PushType } from "../../generated/types.js";
import { covers, describeDifference, describeEffect, type Effect, isEmpty, isEqual, type Redact } from "./effects.js";
import type { EffectMeter, Learned } from "./meter.js";
import type { DrillOptions, DrillResult } from "./options.js";
import { samples, USUAL_TYPE } from "./pushes.js";
import { connectionAdvice, shownUrl } from "./reachable.js";
import { type DrillPush, type PreparedPush, type RenewedPushes, renewPushes, typesOf } from "./renew.js";
import type { Attempt, Delivery, To, Vendor } from "./vendor.js";

/** What a scenario found. */
export interface Verdict extends Omit<DrillResult, "name" | "ms"> {
  /** The pushes that the drill generated had no effect, because the app may handle other types only. */
  readonly lacksEffect?: boolean;
}

/** What several drills of one app share. */
export interface Session {
  readonly learned: Learned;
  /** The type of the generated pushes, if it is not the usual one. */
  type?: PushType;
  /** Whether the types that the app handles were searched. */
  hasSearched?: boolean;
}

/** What a scenario works with. */
export interface Context {
  readonly vendor: Vendor;
  /** Absent if there is no `verify`. */
  readonly meter: EffectMeter | undefined;
  readonly options: DrillOptions;
  /** The way to restart the app, if there is one. */
  readonly restart: DrillOptions["restart"];
  readonly session: Session;
  readonly redact: Redact;
  /** Waits as long as the vendor does before a retry. */
  waitForRetry(): Promise<void>;
}

/** What a control run found. */
export interface Control {
  readonly effect: Effect | undefined;
  /** Time for the response to its first push, ms. */
  readonly responseMs: number;
}

/** What a test run works with: the control run, and one of `rounds`. */
export interface TestRun extends Control {
  readonly round: number;
  /** Waits until the effect of the control run is reached. */
  untilEffect(): Promise<void>;
}

/** A control run and a test run, whose effects must be equal. */
export interface Comparison {
  /** The pushes of the control run, which delivers them one after the other. */
  readonly pushes: readonly DrillPush[];
  /** The pushes of the test run. Default: `pushes`, with other ids. */
  readonly instead?: readonly DrillPush[];
  /** Makes the test run: delivers its pushes as the scenario says. Returns the deliveries that the app must accept. */
  deliver(context: Context, pushes: readonly PreparedPush[], run: TestRun): Promise<readonly Delivery[]>;
  /** The test run is made once for each. Default: once. */
  readonly rounds?: readonly number[];
  /** Whether a larger effect than that of the control run is accepted, because each push is handled at least once. Default: false. */
  readonly atLeastOnce?: boolean;
  /** What the test run did, such as `each push was delivered twice`. */
  readonly what: string;
  /** What to do if the effects differ. */
  readonly advice: string;
  /** What to add to the reason if a push was handled more than once, and `atLeastOnce` accepts that. */
  readonly repeatAdvice?: string;
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

/** Generated pushes of a type that the app handles. */
export function generated({ session }: Context, count = 1): DrillPush[] {
  return samples(session.type ?? USUAL_TYPE, count);
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
    const rejected = rejection(context, deliveries);
    if (rejected !== undefined) return failed(by, `Control run: ${rejected.reason}`, rejected.advice);
    const effect = await measurement.any(comparison.isOptional);
    if (isEmpty(effect)) return withoutEffect(context, comparison);
    control = { effect, responseMs: deliveries[0]?.last.ms ?? 0 };
  }
  const verdicts: Verdict[] = [];
  for (const round of comparison.rounds ?? [0]) {
    const verdict = await testRun(context, comparison, control, round);
    if (verdict.status !== "passed") return verdict;
    verdicts.push(verdict);
  }
  return verdicts.find(({ reason }) => reason.includes("Note:")) ?? (verdicts[0] as Verdict);
}

async function testRun(context: Context, comparison: Comparison, control: Control, round: number): Promise<Verdict> {
  const by = context.meter === undefined ? "responses only" : "effects";
  const { pushes, names } = prepare(context, comparison.instead ?? comparison.pushes);
  const { effect } = control;
  const measurement = await context.meter?.start(names);
  const untilEffect = async () => {
    if (effect !== undefined) await measurement?.reaching(effect);
  };
  const deliveries = await comparison.deliver(context, pushes, { ...control, round, untilEffect });
  const rejected = rejection(context, deliveries);
  if (rejected !== undefined) return failed(by, rejected.reason, rejected.advice);
  if (measurement === undefined || effect === undefined)
    return passed(by, `All responses were 200: ${comparison.what}.`);
  return judge(await measurement.reaching(effect), effect, comparison, context);
}

function judge(
  actual: Effect,
  expected: Effect,
  { what, advice, atLeastOnce, repeatAdvice }: Comparison,
  { redact }: Context,
): Verdict {
  if (isEqual(actual, expected))
    return passed("effects", `The effect was as expected (${describeEffect(expected, redact)}): ${what}.`);
  const difference = describeDifference(actual, expected, redact);
  if (atLeastOnce && covers(actual, expected)) {
    const note = `Note: a push was handled more than once (${difference}).`;
    return passed("effects", `Nothing was lost: ${what}. ${[note, repeatAdvice].filter(Boolean).join(" ")}`);
  }
  return failed("effects", `${capitalized(what)}, and verify shows ${difference}.`, advice);
}

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function withoutEffect({ options }: Context, { isOptional, pushes }: Comparison): Verdict {
  const which = pushes.length === 1 ? "the push" : `all ${pushes.length} pushes`;
  const reason = `verify shows no effect of the control run, although the app responded 200 to ${which} (${typesOf(pushes).join(", ")}).`;
  if (options.pushes !== undefined && pushes === options.pushes)
    return skipped(reason, "Give recorded pushes of types that the app handles, or let verify show their effect.");
  if (isOptional) return skipped(reason, "If the app handles these pushes, let verify show their effect.");
  return { ...failed("effects", reason, NO_EFFECT_ADVICE), lacksEffect: true };
}

/** What to do if a valid push has no effect. */
export const NO_EFFECT_ADVICE =
  "Check that the URL is the receiver's, that a handler for its type is registered, and that verify shows its effect.";

/**
 * Checks that the app rejects a push with a 4xx, and that the push has no effect.
 * @param to replaces the URL, and adds headers
 * @param ifMissing the verdict if the app responds 404 or 405, which does not show that a receiver rejected the push. Default: failed
 */
export async function expectRejection(
  context: Context,
  push: DrillPush,
  { what, advice, to, ifMissing }: { what: string; advice: string; to?: To; ifMissing?: Verdict | undefined },
): Promise<Verdict> {
  const { vendor, meter, redact } = context;
  const { pushes, names } = prepare(context, [push]);
  const measurement = await meter?.start(names);
  const by = meter === undefined ? "responses only" : "effects";
  const attempt = await vendor.first(pushes[0] as PreparedPush, to);
  const effect = await measurement?.afterQuiet();
  const { status } = attempt;
  const got = status === undefined ? responseOf(attempt) : `${status}${codeOf(attempt)}`;
  if (status === 404 || status === 405)
    return (
      ifMissing ??
      failed(
        by,
        `The response to ${what} was ${got}, which does not show that a receiver rejected it. Expected: 401 or 400.`,
        adviceFor(context, attempt),
      )
    );
  if (status === undefined || status < 400 || status >= 500)
    return failed(by, `The response to ${what} was ${got}. Expected: 401 or another 4xx.`, advice);
  if (effect !== undefined && !isEmpty(effect))
    return failed(
      by,
      `The response to ${what} was ${got}, but it had an effect: ${describeEffect(effect, redact)}.`,
      advice,
    );
  return passed(by, `The response to ${what} was ${got}${effect === undefined ? "" : ", and it had no effect"}.`);
}

/** The first delivery that was not accepted, in words; `undefined` if all were. */
export function rejection(
  context: Context,
  deliveries: readonly Delivery[],
): { reason: string; advice: string } | undefined {
  const delivery = deliveries.find(({ accepted }) => !accepted);
  if (delivery === undefined) return undefined;
  const { attempts, last } = delivery;
  const after = attempts.length === 1 ? "" : ` after ${attempts.length} attempts`;
  return { reason: `A valid push got ${responseOf(last)}${after}, not 200.`, advice: adviceFor(context, last) };
}

/** A response in words. */
export function responseOf(attempt: Attempt): string {
  const { status, error, ms } = attempt;
  if (status !== undefined) return `the response ${status}${codeOf(attempt)}`;
  if (error === "timeout") return `no complete response within ${Math.round(ms)} ms`;
  if (error === "INCOMPLETE_RESPONSE") return "a response that ended too early";
  return `no response (${error})`;
}

function codeOf({ code }: Attempt): string {
  return code === undefined ? "" : ` (${code})`;
}

/** What to do about a rejected push. */
export function adviceFor({ options }: Context, { status, error, code, headers }: Attempt): string {
  if (code === "bad_token") return "Give the token that the app checks: the option token, or AIRUDDER_TOKEN.";
  if (code === "bad_sign" || code === "missing_sign")
    return "Give the key that the app verifies with: the option key, --key, or AIRUDDER_KEY.";
  if (status === 401 || status === 403) return "Give the key and the token that the app checks.";
  if (status === 404 || status === 405)
    return `Give the URL that the receiver is mounted at, instead of ${shownUrl(options.url)}.`;
  if (status !== undefined && status >= 300 && status < 400)
    return `Airudder may not follow redirects. Give the final URL${redirectTarget(options.url, headers.location)}.`;
  if (status === 413) return TOO_LARGE_ADVICE;
  if (status !== undefined)
    return "Find the error in the app's log, and respond 200 only after the push is stored or handled.";
  if (error === "timeout") return "Find out in the app's log why it does not respond.";
  if (error === "INCOMPLETE_RESPONSE")
    return "Find out in the app's log why it closes the connection during its response.";
  if (error === "ECONNREFUSED") return "The app no longer accepts connections: find out in its log why it ended.";
  return connectionAdvice(error ?? "");
}

function redirectTarget(url: string, location: string | string[] | undefined): string {
  if (typeof location !== "string" || !URL.canParse(location, url)) return "";
  return `, ${shownUrl(new URL(location, url).href)}`;
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
