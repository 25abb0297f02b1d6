import { Child, type Compiled, compile, type Mutation } from "../child.js";
import { runInboxModel, type Weights } from "./model/inbox.js";

/** Shorter lock times, so that a takeover does not take a minute. */
const SHORT_TIMES: readonly Mutation[] = [
  { file: "middleware/src/journal/previous-owners.ts", from: "presumeDeadMs: 10_000", to: "presumeDeadMs: 120" },
  { file: "middleware/src/journal/previous-owners.ts", from: "pidReuseMs: 60_000", to: "pidReuseMs: 40" },
  { file: "middleware/src/journal/previous-owners.ts", from: "heartbeatMs: 3_000", to: "heartbeatMs: 30" },
];

/** Result of a model run. */
export interface ModelResult {
  readonly steps: number;
  readonly violations: readonly string[];
  readonly summary: string;
}

const DIRECT_STEPS = 3_000;
const INBOX_STEPS = 1_000;

/**
 * Checks direct mode against its reference model.
 * @param mutations changes of the source code, to test that the model detects them
 */
export async function directModel(steps: number, mutations: readonly Mutation[] = []): Promise<ModelResult> {
  const script = await compile("scripts/chaos/model/direct.ts", mutations);
  const { child } = await Child.start(script, []);
  const violations: string[] = [];
  let done = 0;
  try {
    for (let seed = 1; done < steps && violations.length === 0; seed++) {
      const part = Math.min(DIRECT_STEPS, steps - done);
      violations.push(...(await child.invoke<string[]>("run", { seed, steps: part })));
      done += part;
    }
  } finally {
    await child.kill();
    script.remove();
  }
  return { steps: done, violations, summary: `direct mode: ${done} steps` };
}

/**
 * Checks the file inbox against its reference model.
 * @param options.weights relative frequency of each kind of step; default: `WEIGHTS` in `model/inbox.ts`
 * @param options.stepsOfRun number of steps per run; each run starts with an empty folder and ends with all checks
 */
export async function inboxModel(
  steps: number,
  options: { mutations?: readonly Mutation[]; weights?: Partial<Weights>; stepsOfRun?: number } = {},
): Promise<ModelResult> {
  const { mutations = [], weights = {}, stepsOfRun = INBOX_STEPS } = options;
  const script: Compiled = await compile("scripts/chaos/model/inbox-app.ts", [...SHORT_TIMES, ...mutations]);
  const violations: string[] = [];
  const sum = { steps: 0, acknowledged: 0, processes: 0 };
  try {
    for (let seed = 1; sum.steps < steps && violations.length === 0; seed++) {
      const report = await runInboxModel(script, { seed, steps: Math.min(stepsOfRun, steps - sum.steps), weights });
      violations.push(...report.violations);
      sum.steps += report.steps;
      sum.acknowledged += report.acknowledged;
      sum.processes += report.processes;
    }
  } finally {
    script.remove();
  }
  const summary = `inbox: ${sum.steps} steps, ${sum.acknowledged} pushes acknowledged, ${sum.processes} processes`;
  return { steps: sum.steps, violations, summary };
}

/**
 * Checks both modes against their reference models.
 * @throws if an invariant is violated
 */
export default async function modelChaos({ short }: { short: boolean }): Promise<void> {
  const steps = short ? 2_000 : 100_000;
  for (const run of [directModel, inboxModel]) {
    const { violations, summary } = await run(steps);
    console.log(summary);
    if (violations.length > 0) throw new Error(`an invariant of the model is violated:\n${violations.join("\n")}`);
  }
}
