import type { Job } from "bullmq";
import type { AloneAttempt, JobData } from "./job-data.js";

/**
 * Finds pushes that may have ended a process, or made the app close. Such a push is a suspect and runs alone in its process:
 *
 * - BullMQ counts how often a job stalled: its process ended, or did not respond for `leaseMs`.
 * - `close()` marks the pushes whose attempts it aborts.
 *
 * Only attempts that ran alone and did not end count as failures. If pushes ran in parallel, it is unknown which one was the cause.
 *
 * The worker stores the start of an attempt that runs alone with the job. If the job is a suspect again and has no further failed attempt,
 * that attempt did not end.
 */
export interface Suspicion {
  /** Whether the next attempt must run alone. */
  readonly runsAlone: boolean;
  /** Attempts that ran alone and did not end. */
  readonly interrupted: number;
}

export function suspicionOf({ data, stalledCounter, attemptsMade }: Job<JobData>): Suspicion {
  const { stalls, failures, interrupted } = data.alone ?? { stalls: 0, failures: -1, interrupted: 0 };
  const runsAlone = stalledCounter > stalls || data.isAborted === true;
  return { runsAlone, interrupted: interrupted + (runsAlone && failures === attemptsMade ? 1 : 0) };
}

/** Number of failed attempts, including interrupted ones. */
export function failuresOf(job: Job<JobData>): number {
  return job.attemptsMade + suspicionOf(job).interrupted;
}

/** Stores the start of an attempt that runs alone. */
export async function markAlone(job: Job<JobData>): Promise<void> {
  const { interrupted } = suspicionOf(job);
  const alone: AloneAttempt = { stalls: job.stalledCounter, failures: job.attemptsMade, interrupted };
  await job.updateData({ ...job.data, alone, isAborted: false });
}

/** Stores that closing the inbox aborted an attempt. */
export async function markAborted(job: Job<JobData>): Promise<void> {
  await job.updateData({ ...job.data, isAborted: true });
}
