import { Child, type Compiled, compile, type Mutation } from "../child.js";
import { runInboxModel, type Weights } from "./model/inbox.js";

/** A stopped process is taken for dead after this long here, so that a takeover takes no minute. */
const SHORT_TIMES: readonly Mutation[] = [
  { file: "middleware/src/journal/predecessor.ts", from: "silentMs: 10_000", to: "silentMs: 120" },
  { file: "middleware/src/journal/predecessor.ts", from: "longMs: 60_000", to: "longMs: 40" },
  { file: "middleware/src/journal/predecessor.ts", from: "beatMs: 3_000", to: "beatMs: 30" },
];

/** What a model run came to. */
export interface ModelResult {
  readonly steps: number;
  readonly broken: readonly string[];
  readonly summary: string;
}

const DIRECT_STEPS = 3_000;
const INBOX_STEPS = 1_000;

/**
 * Direct mode against its reference model.
 * @param mutations changes of the source, to see that the model notices them
 */
export async function directModel(steps: number, mutations: readonly Mutation[] = []): Promise<ModelResult> {
  const script = await compile("scripts/chaos/model/direct.ts", mutations);
  const { child } = await Child.start(script, []);
  const broken: string[] = [];
  let taken = 0;
  try {
    for (let seed = 1; taken < steps && broken.length === 0; seed++) {
      const part = Math.min(DIRECT_STEPS, steps - taken);
      broken.push(...(await child.ask<string[]>("run", { seed, steps: part })));
      taken += part;
    }
  } finally {
    await child.kill();
    script.remove();
  }
  return { steps: taken, broken, summary: `direct mode: ${taken} steps` };
}

/**
 * The file inbox against its reference model.
 * @param options.weights how often each kind of step is taken, where it is not as usual
 * @param options.stepsOfRun steps from an empty folder to the judgement
 */
export async function inboxModel(
  steps: number,
  options: { mutations?: readonly Mutation[]; weights?: Partial<Weights>; stepsOfRun?: number } = {},
): Promise<ModelResult> {
  const { mutations = [], weights = {}, stepsOfRun = INBOX_STEPS } = options;
  const script: Compiled = await compile("scripts/chaos/model/inbox-app.ts", [...SHORT_TIMES, ...mutations]);
  const broken: string[] = [];
  const sum = { steps: 0, acknowledged: 0, lives: 0 };
  try {
    for (let seed = 1; sum.steps < steps && broken.length === 0; seed++) {
      const report = await runInboxModel(script, { seed, steps: Math.min(stepsOfRun, steps - sum.steps), weights });
      broken.push(...report.broken);
      sum.steps += report.steps;
      sum.acknowledged += report.acknowledged;
      sum.lives += report.lives;
    }
  } finally {
    script.remove();
  }
  const summary = `inbox: ${sum.steps} steps, ${sum.acknowledged} pushes acknowledged, ${sum.lives} lives`;
  return { steps: sum.steps, broken, summary };
}

/**
 * Both modes against their reference models.
 * @throws when a law is broken
 */
export default async function modelChaos({ short }: { short: boolean }): Promise<void> {
  const steps = short ? 2_000 : 100_000;
  for (const run of [directModel, inboxModel]) {
    const { broken, summary } = await run(steps);
    console.log(summary);
    if (broken.length > 0) throw new Error(`a law of the model is broken:\n${broken.join("\n")}`);
  }
}
