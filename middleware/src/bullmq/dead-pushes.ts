import type { Job, Queue } from "bullmq";
import type { DeadPush } from "../inbox/inbox.js";
import { Quarantined } from "../inbox/inbox.js";
import { describeThrown } from "../observe/describe-error.js";
import type { Connected } from "./connection.js";
import { type JobData, pushOf } from "./job-data.js";
import { failuresOf } from "./suspect.js";

/** Number of dead pushes that are read at once, with their bodies. */
const PAGE = 500;

/** The error that the worker stores with a quarantined push. */
const QUARANTINED = describeThrown(new Quarantined());

/** Lua: removes a job from the failed jobs. Returns 0 if it is not one of them. */
const DROP = 'return redis.call("ZREM", KEYS[1], ARGV[1])';

/** The dead and quarantined pushes: BullMQ's failed jobs. With `id`, only the one with this id. */
export async function listDead(queue: Queue<JobData>, id: string | undefined): Promise<DeadPush[]> {
  if (id !== undefined) {
    const job = await findDead(queue, id);
    return job === undefined ? [] : toDeadPush(job);
  }
  const found: DeadPush[] = [];
  for (let start = 0; ; start += PAGE) {
    const jobs = await queue.getJobs("failed", start, start + PAGE - 1, true);
    for (const job of jobs) if (job !== undefined) found.push(...toDeadPush(job));
    if (jobs.length < PAGE) return found;
  }
}

async function findDead(queue: Queue<JobData>, id: string): Promise<Job<JobData> | undefined> {
  const job = await queue.getJob(id);
  return job !== undefined && (await job.isFailed()) ? job : undefined;
}

/** Whether a failed job is a quarantined push, not a dead one. */
export function isQuarantined({ failedReason }: Job<JobData>): boolean {
  return failedReason === QUARANTINED;
}

/** The dead push of a failed job. Empty if the job is not a push. */
function toDeadPush(job: Job<JobData>): DeadPush[] {
  try {
    const { id, type, receivedAt, quarantined } = pushOf(job.data);
    const error = job.failedReason;
    const state = isQuarantined(job) ? "quarantined" : "dead";
    const attempts = failuresOf(job);
    return [{ id, type, receivedAt, state, quarantined: quarantined || state === "quarantined", attempts, error }];
  } catch {
    return [];
  }
}

/** Moves a dead push back to the queue, with attempts from 1. Resolves with `false` if there is none with this id. */
export async function retryDead(queue: Queue<JobData>, id: string): Promise<boolean> {
  const job = await findDead(queue, id);
  if (job === undefined) return false;
  const { alone: _alone, isAborted: _isAborted, ...data } = job.data;
  const retry = async (): Promise<void> => {
    await job.updateData({ ...data, isRetry: true });
    await job.retry("failed", { resetAttemptsMade: true, resetAttemptsStarted: true });
  };
  return isDone(retry());
}

/** Removes a dead push. Resolves with `false` if there is none with this id. */
export async function dropDead({ queue, client }: Connected, id: string): Promise<boolean> {
  const job = await findDead(queue, id);
  if (job === undefined) return false;
  // `remove` alone would also remove a job that another process has retried in the meantime.
  if (!("airudderDrop" in client)) client.defineCommand("airudderDrop", { numberOfKeys: 1, lua: DROP });
  if ((await client.runCommand("airudderDrop", [queue.toKey("failed"), id])) === 0) return false;
  return isDone(job.remove());
}

/** Resolves with `false` if BullMQ rejects the change because another process has changed the job in the meantime. */
async function isDone(change: Promise<unknown>): Promise<boolean> {
  try {
    await change;
    return true;
  } catch (error) {
    // BullMQ's errors about the state of a job have a negative number as their code; those of Redis do not.
    if (typeof (error as { code?: unknown }).code === "number") return false;
    throw error;
  }
}
