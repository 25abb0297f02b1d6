import { drill, drillScenarios } from "./drill.js";
import type { DrillOptions } from "./options.js";

/** A scenario of {@link drill} as a test case. `run` rejects if the scenario fails. */
export interface DrillCase {
  readonly name: string;
  run(): Promise<void>;
}

/**
 * The scenarios of {@link drill} as test cases, for any test runner. A skipped scenario passes.
 * @param options the options, or a function that returns them when a case runs, for example after the app has started. With a function,
 * all scenarios are cases.
 * @example
 * for (const { name, run } of drillCases(() => ({ url: app.url, verify: () => app.countRows() }))) test(name, run);
 */
export function drillCases(options: DrillOptions | (() => DrillOptions | Promise<DrillOptions>)): DrillCase[] {
  const names =
    (typeof options === "function" ? undefined : options.scenarios) ?? drillScenarios.map(({ name }) => name);
  return names.map((name) => ({
    name,
    run: async () => {
      const { results } = await drill({
        ...(typeof options === "function" ? await options() : options),
        scenarios: [name],
      });
      for (const { status, reason, advice } of results)
        if (status === "failed") throw new Error(`${name}: ${reason} ${advice}`);
    },
  }));
}
