import type { Job, Queue } from "bullmq";
import type { InboxState } from "../inbox/inbox.js";
import type { JobData } from "./job-data.js";

type Counts = Omit<InboxState, "open">;

/** States of unfinished jobs. */
const UNFINISHED = ["waiting", "active", "delayed", "prioritized"] as const;

/** Reads the counts of a queue. `oldest` is an estimate: the oldest of the next job of each state. */
export async function readCounts(queue: Queue<JobData>): Promise<Counts> {
  const [counts, next] = await Promise.all([
    queue.getJobCounts(...UNFINISHED, "failed"),
    Promise.all(UNFINISHED.map((state) => queue.getJobs(state, 0, 0, true))),
  ]);
  const times = next.flat().flatMap((job: Job | undefined) => (job === undefined ? [] : [job.timestamp]));
  return {
    queued: UNFINISHED.reduce((sum, state) => sum + (counts[state] ?? 0), 0),
    oldest: times.length === 0 ? undefined : new Date(Math.min(...times)),
    dead: counts.failed ?? 0,
  };
}
