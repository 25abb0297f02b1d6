import { setTimeout as sleep } from "node:timers/promises";
import { AirudderError } from "../../errors.js";
import { isEmpty } from "./effects.js";
import { EffectMeter, VerifyError } from "./meter.js";
import type { DrillOptions, DrillReport, DrillResult } from "./options.js";
import { OTHER_TYPES, samples, USUAL_TYPE } from "./pushes.js";
import { connectionAdvice, connectionProblem, shownUrl } from "./reachable.js";
import { type PreparedPush, usablePushes } from "./renew.js";
import { type Context, failed, prepare, type Session, skipped, type Verdict } from "./run.js";
import { SCENARIOS, type Scenario } from "./scenarios.js";
import { sendOverHttp } from "./send.js";
import { ATTEMPT_TIMEOUT_MS, RESPONSE_LIMIT_MS, RETRY_DELAY_MS, Vendor, type VendorTimes } from "./vendor.js";

const SETTLE_MS = 10_000;
const QUIET_MS = 300;
const START_UP_MS = 10_000;

/** The scenarios of {@link drill}, with what each one checks. */
export const drillScenarios: readonly { readonly name: string; readonly description: string }[] = SCENARIOS.map(
  ({ name, description }) => ({ name, description }),
);

/**
 * Sends an app pushes as Airudder may send them: duplicated, late, out of order, and before and after a crash. Also sends malformed and
 * forged pushes. Reports which scenarios the app handles correctly.
 *
 * With `verify`, most scenarios make two runs with pushes that differ only in their ids. The control run sends each push once, in order. The
 * test run sends them as the scenario says. Such a scenario passes if both have the same side effects. Without `verify`, only the responses
 * are checked, which cannot show work that is done twice or lost.
 *
 * The pushes are fictitious and have new ids in each run. They never carry `Airudder-Replay`. If an app has no handler for `call.completed`,
 * the drill looks for a type that has an effect.
 * @throws AirudderError `invalid_option`: an option is not valid, a scenario does not exist, the app is not reachable, no recorded push can be
 * used, the first call of `verify` fails, or its output changes although nothing is sent. Then nothing is sent. If `verify` fails later,
 * the scenario fails.
 * @example
 * const report = await drill({ url, key: "test-key", verify: () => db.query("select count(*) from calls") });
 * assert.deepEqual(report.results.filter(({ status }) => status === "failed"), []);
 */
export async function drill(options: DrillOptions): Promise<DrillReport> {
  return drillWith(options, {});
}

/**
 * {@link drill}, with options that only tests and `drillCases` set.
 * @param internals.times the times of the vendor
 * @param internals.session what earlier drills of the app found
 */
export async function drillWith(
  options: DrillOptions,
  { times = {}, session = { learned: {} } }: { times?: Partial<VendorTimes>; session?: Session },
): Promise<DrillReport> {
  const start = performance.now();
  const scenarios = selected(options);
  const results: DrillResult[] = [];
  let current = "";
  const waitForRetry = async (ms: number) => {
    options.onEvent?.({ event: "wait", name: current, ms });
    await sleep(ms);
  };
  const context = await contextOf(options, times, session, waitForRetry);
  for (const scenario of scenarios) {
    current = scenario.name;
    const startedAt = performance.now();
    options.onEvent?.({ event: "start", name: current });
    const { lacksEffect: _, ...verdict } = await verdictOf(scenario, context, results);
    const result: DrillResult = { name: current, ...verdict, ms: Math.round(performance.now() - startedAt) };
    results.push(result);
    options.onEvent?.({ event: "result", ...result });
  }
  const count = (status: DrillResult["status"]) => results.filter((result) => result.status === status).length;
  return {
    ok: count("failed") === 0,
    passed: count("passed"),
    failed: count("failed"),
    skipped: count("skipped"),
    results,
    ms: Math.round(performance.now() - start),
  };
}

function selected({ scenarios }: DrillOptions): readonly Scenario[] {
  if (scenarios === undefined) return SCENARIOS;
  return scenarios.map((name) => {
    const scenario = SCENARIOS.find((each) => each.name === name);
    if (scenario !== undefined) return scenario;
    const known = SCENARIOS.map((each) => each.name).join(", ");
    throw new AirudderError("invalid_option", `drill(): there is no scenario "${name}". Scenarios: ${known}.`);
  });
}

async function contextOf(
  options: DrillOptions,
  times: Partial<VendorTimes>,
  session: Session,
  waitForRetry: (ms: number) => Promise<void>,
): Promise<Context> {
  const { url, token, verify, timeScale = 1, settleMs = SETTLE_MS, quietMs = QUIET_MS, lookup, onEvent } = options;
  const { restart, redact = (text: string) => text } = options;
  if (!/^https?:/.test(url) || !URL.canParse(url))
    throw new AirudderError("invalid_option", `drill(): url must be an http(s) URL.`);
  for (const [name, value] of Object.entries({ timeScale, settleMs, quietMs })) {
    if (!(value > 0 && value < Number.POSITIVE_INFINITY))
      throw new AirudderError("invalid_option", `drill(): ${name} must be a number above 0.`);
  }
  const pushes = options.pushes && pushesFor(options, onEvent);
  await requireReachable(options);
  const meter = verify && new EffectMeter(verify, settleMs, quietMs, session.learned);
  await meter?.requireStable(redact).catch((error: Error) => {
    throw new AirudderError("invalid_option", `drill(): verify failed: ${error.message}`, { cause: error.cause });
  });
  const send = options.send ?? ((request, signal) => sendOverHttp(request, signal, lookup));
  const observed: typeof send = (request, signal) => {
    meter?.onSend();
    return send(request, signal);
  };
  const headers: Record<string, string> = token === undefined ? {} : { "airudder-token": token };
  const vendor = new Vendor(observed, url, headers, {
    limitMs: RESPONSE_LIMIT_MS,
    attemptTimeoutMs: ATTEMPT_TIMEOUT_MS,
    retryDelayMs: RETRY_DELAY_MS / timeScale,
    maxRetryMs: settleMs,
    startUpMs: START_UP_MS,
    ...times,
  });
  return {
    vendor,
    meter,
    session,
    redact,
    options: { ...options, pushes },
    restart: restart && {
      kill: () => restart.kill(),
      start: async () => {
        await restart.start();
        vendor.onStart();
      },
    },
    waitForRetry: () => waitForRetry(vendor.times.retryDelayMs),
  };
}

/** The recorded pushes that can be used. */
function pushesFor({ pushes = [], key }: DrillOptions, onEvent: DrillOptions["onEvent"]): DrillOptions["pushes"] {
  const { usable, leftOut } = usablePushes(pushes, key !== undefined);
  if (usable.length === 0) {
    const reasons = leftOut.map(({ count, reason }) => `${count}: ${reason}`).join("; ");
    throw new AirudderError(
      "invalid_option",
      `drill(): none of the recorded pushes can be used (${reasons || "there are none"}). Give other pushes, or none.`,
    );
  }
  onEvent?.({ event: "pushes", used: usable.length, leftOut });
  return usable;
}

/** @throws AirudderError `invalid_option` */
async function requireReachable(options: DrillOptions): Promise<void> {
  const problem = await problemOf(options);
  if (problem === undefined) return;
  throw new AirudderError(
    "invalid_option",
    `drill(): the app does not accept connections at ${shownUrl(options.url)} (${problem}). ${connectionAdvice(problem)}`,
  );
}

/** Why the app is not reachable; `undefined` if it is, or if the caller sends the requests. */
async function problemOf({ url, lookup, send }: DrillOptions): Promise<string | undefined> {
  return send === undefined ? connectionProblem(url, lookup) : undefined;
}

async function verdictOf(scenario: Scenario, context: Context, results: readonly DrillResult[]): Promise<Verdict> {
  const failure = results.find(({ name, status }) => status === "failed" && scenario.needs.includes(name));
  if (failure !== undefined) return skipped(`The scenario ${failure.name} failed.`, "Fix that first.");
  const down = await whyDown(context, results);
  if (down !== undefined) return down;
  const verdict = await runScenario(scenario, context);
  if (!verdict.lacksEffect || !(await findType(context))) return verdict;
  return runScenario(scenario, context);
}

/** The verdict if the app has ended before a scenario. Starts it again if possible. */
async function whyDown(context: Context, results: readonly DrillResult[]): Promise<Verdict | undefined> {
  const { options, restart } = context;
  const problem = await problemOf(options);
  if (problem === undefined) return undefined;
  let advice = "Find out in the app's log why it ended.";
  const isKnown = results.some(({ status }) => status === "failed");
  const by = context.meter === undefined ? "responses only" : "effects";
  const reason = `The app is not reachable at ${shownUrl(options.url)} (${problem}).`;
  try {
    await restart?.kill();
    await restart?.start();
    if (restart !== undefined && isKnown) return undefined;
  } catch (error) {
    advice = `It could not be started again: ${(error as Error).message}`;
  }
  return isKnown ? skipped(reason, advice) : failed(by, reason, advice);
}

/** Looks for a type that the app handles, if it does not handle the usual one. Returns whether there is one. */
async function findType(context: Context): Promise<boolean> {
  const { session } = context;
  if (session.hasSearched) return false;
  session.hasSearched = true;
  if (!(await hasEffect(context, OTHER_TYPES))) return false;
  for (const type of OTHER_TYPES) {
    if (!(await hasEffect(context, [type]))) continue;
    session.type = type;
    return type !== USUAL_TYPE;
  }
  return false;
}

async function hasEffect(context: Context, types: typeof OTHER_TYPES): Promise<boolean> {
  const { pushes, names } = prepare(
    context,
    types.flatMap((type) => samples(type, 1)),
  );
  const measurement = await context.meter?.start(names);
  for (const push of pushes) await context.vendor.attempt(push as PreparedPush);
  return measurement !== undefined && !isEmpty(await measurement.any(true));
}

async function runScenario(scenario: Scenario, context: Context): Promise<Verdict> {
  try {
    return await scenario.run(context);
  } catch (error) {
    const by = context.meter === undefined ? "responses only" : "effects";
    const { message } = error as Error;
    if (error instanceof VerifyError)
      return failed(by, `verify failed: ${message}`, "Fix verify, then run the scenario again.");
    return failed(
      by,
      `The scenario could not be completed: ${message}`,
      "Find the error in the output of the app, or in the functions of restart.",
    );
  }
}
