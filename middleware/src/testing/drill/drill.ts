import { AirudderError } from "../../errors.js";
import { EffectMeter, VerifyError } from "./meter.js";
import type { DrillOptions, DrillReport, DrillResult } from "./options.js";
import { type Context, failed, skipped, type Verdict } from "./run.js";
import { SCENARIOS, type Scenario } from "./scenarios.js";
import { sendOverHttp } from "./send.js";
import { Vendor } from "./vendor.js";

const SETTLE_MS = 10_000;
const QUIET_MS = 300;

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
 * The pushes are fictitious and have new ids in each run. They never carry `Airudder-Replay`.
 * @throws AirudderError `invalid_option`: an option is not valid, a scenario does not exist, or the first call of `verify` fails. Nothing
 * has been sent then. If `verify` fails later, the scenario has failed.
 * @example
 * const report = await drill({ url, key: "test-key", verify: () => db.query("select count(*) from calls") });
 * assert.deepEqual(report.results.filter(({ status }) => status === "failed"), []);
 */
export async function drill(options: DrillOptions): Promise<DrillReport> {
  const start = performance.now();
  const scenarios = selected(options);
  const context = await contextOf(options);
  const results: DrillResult[] = [];
  const finish = (scenario: Scenario, verdict: Verdict, ms: number) => {
    const result: DrillResult = { name: scenario.name, ...verdict, ms: Math.round(ms) };
    results.push(result);
    options.onEvent?.({ event: "result", ...result });
  };
  for (const scenario of scenarios) {
    const startedAt = performance.now();
    options.onEvent?.({ event: "start", name: scenario.name });
    const failure = results.find(({ name, status }) => status === "failed" && scenario.needs.includes(name));
    const verdict =
      failure === undefined
        ? await runScenario(scenario, context)
        : skipped(`The scenario ${failure.name} failed.`, "Fix that first.");
    finish(scenario, verdict, performance.now() - startedAt);
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

async function contextOf(options: DrillOptions): Promise<Context> {
  const { url, token, verify, timeScale = 1, settleMs = SETTLE_MS, quietMs = QUIET_MS, send = sendOverHttp } = options;
  if (!/^https?:/.test(url) || !URL.canParse(url))
    throw new AirudderError("invalid_option", `drill(): url must be an http(s) URL.`);
  for (const [name, value] of Object.entries({ timeScale, settleMs, quietMs })) {
    if (!(value > 0 && value < Number.POSITIVE_INFINITY))
      throw new AirudderError("invalid_option", `drill(): ${name} must be a number above 0.`);
  }
  const meter = verify && new EffectMeter(verify, settleMs, quietMs);
  await meter?.read().catch((error: Error) => {
    throw new AirudderError("invalid_option", `drill(): verify failed: ${error.message}`, { cause: error.cause });
  });
  const observed: typeof send = (request, signal) => {
    meter?.onSend();
    return send(request, signal);
  };
  const headers: Record<string, string> = token === undefined ? {} : { "airudder-token": token };
  return { vendor: new Vendor(observed, url, headers, timeScale), meter, options };
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
