import type { Engine } from "../engines.js";
import type { ModelEngine } from "./replicas-model/engine.js";
import { runReplicasModel } from "./replicas-model/run.js";

const ENGINES: Record<Engine, () => Promise<ModelEngine>> = {
  postgres: async () => (await import("./replicas-model/postgres.js")).postgresEngine(),
  bullmq: async () => (await import("./replicas-model/bullmq.js")).bullmqEngine(),
};
const STEPS = 20_000;
const SHORT_STEPS = 300;
/** Steps of one run. Each run uses an empty storage, and ends with the final checks. */
const STEPS_OF_RUN = 400;

/** Size of the check. */
export interface ReplicasModelOptions {
  readonly steps: number;
  /** Seed of the first run; the next ones follow. Default 1. */
  readonly seed?: number;
  /** Default 400. */
  readonly stepsOfRun?: number;
  /** See `RunOptions`. */
  readonly limitMs?: number;
}

/** Checks several inboxes on one storage against the reference model. Returns the violations of the first run that has any. */
export async function replicasModel(
  engine: ModelEngine,
  { steps, seed = 1, stepsOfRun = STEPS_OF_RUN, limitMs }: ReplicasModelOptions,
): Promise<{ violations: readonly string[]; summary: string }> {
  const sum = { steps: 0, pushes: 0, attempts: 0, workers: 0 };
  let violations: readonly string[] = [];
  for (let next = seed; sum.steps < steps && violations.length === 0; next++) {
    const report = await runReplicasModel(engine, {
      seed: next,
      steps: Math.min(stepsOfRun, steps - sum.steps),
      ...(limitMs === undefined ? {} : { limitMs }),
    });
    violations = report.violations.map((text) => `seed ${next}, ${text}`);
    sum.steps += report.steps;
    sum.pushes += report.pushes;
    sum.attempts += report.attempts;
    sum.workers += report.workers;
  }
  const summary = `${engine.name}: ${sum.steps} steps, ${sum.pushes} pushes, ${sum.attempts} attempts, ${sum.workers} workers`;
  return { violations, summary };
}

/**
 * Checks the inboxes for several processes against the reference model.
 * @throws if a rule is violated
 */
export default async function replicasModelChaos({
  short,
  engine: only,
  seed,
}: {
  short: boolean;
  engine?: string | undefined;
  seed?: number | undefined;
}): Promise<void> {
  for (const [name, start] of Object.entries(ENGINES)) {
    if (only !== undefined && name !== only) continue;
    const engine = await start();
    try {
      const { violations, summary } = await replicasModel(engine, {
        steps: short ? SHORT_STEPS : STEPS,
        ...(seed === undefined ? {} : { seed }),
      });
      console.log(summary);
      if (violations.length > 0) {
        throw new Error(
          `a rule of the inbox on ${name} is violated. Repeat it with --engine ${name} --seed N:\n${violations.join("\n")}`,
        );
      }
    } finally {
      await engine.stop();
    }
  }
}
