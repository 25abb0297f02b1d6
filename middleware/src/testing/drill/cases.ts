import { drillScenarios, drillWith } from "./drill.js";
import type { DrillOptions, DrillResult } from "./options.js";
import type { Session } from "./run.js";
import { SCENARIOS } from "./scenarios.js";

/** What a test runner passes to a test, such as the `TestContext` of node:test or of vitest. */
export interface DrillCaseContext {
  skip?(reason?: string): unknown;
}

/** A scenario of {@link drill} as a test case. */
export interface DrillCase {
  readonly name: string;
  /** Rejects if the scenario fails. A skipped scenario calls `context.skip`, if there is one. */
  run(context?: DrillCaseContext): Promise<void>;
}

/**
 * The scenarios of {@link drill} as test cases, for any test runner. They run one after the other, also if the runner starts them at the same
 * time. A case that cannot pass because of an earlier failed case is skipped.
 * @param options the options, or a function that returns them when a case runs, for example after the app has started. With a function,
 * all scenarios are cases.
 * @example
 * for (const { name, run } of drillCases(() => ({ url: app.url, verify: () => app.countRows() }))) test(name, run);
 */
export function drillCases(options: DrillOptions | (() => DrillOptions | Promise<DrillOptions>)): DrillCase[] {
  const names =
    (typeof options === "function" ? undefined : options.scenarios) ?? drillScenarios.map(({ name }) => name);
  const session: Session = { learned: {} };
  const failures = new Set<string>();
  let last: Promise<unknown> = Promise.resolve();
  const runScenario = async (name: string): Promise<DrillResult | undefined> => {
    const all = typeof options === "function" ? await options() : options;
    const { results } = await drillWith({ ...all, scenarios: [name] }, { session });
    if (results[0]?.status === "failed") failures.add(name);
    return results[0];
  };
  return names.map((name) => ({
    name,
    // Without a named parameter: some test runners would pass a callback.
    run: async (...[context]) => {
      const running = last.then(async () => {
        const needs = SCENARIOS.find((scenario) => scenario.name === name)?.needs ?? [];
        const failure = needs.find((need) => failures.has(need));
        if (failure !== undefined) return { status: "skipped", reason: `The scenario ${failure} failed.` } as const;
        return runScenario(name);
      });
      last = running.catch(() => undefined);
      const result = await running;
      const { status, reason, advice = "" } = result as DrillResult;
      if (status === "failed") throw new Error(`${name}: ${reason} ${advice}`);
      if (status === "skipped") context?.skip?.(`${reason} ${advice}`.trim());
    },
  }));
}
