import { type ConnectionOptions, type Job, type JobType, Queue } from "bullmq";
import { AirudderError } from "../errors.js";
import { headOf } from "../inbox/file/records.js";
import type { InboxQuery, PushState } from "../inbox/query.js";
import type { JournalRecord, MarkHead, PushHead } from "../journal/index.js";
import { SEARCH_KEYS } from "../push/facts.js";
import { firstIdSince } from "../push/id.js";
import { isQuarantined } from "./dead-pushes.js";
import { type JobData, pushOf } from "./job-data.js";
import { failuresOf } from "./suspect.js";

/** What `readBullmqInbox` reads. */
export interface BullmqInboxQuery extends InboxQuery {
  /** Name of the queue. */
  readonly queue: string;
  /** Redis, as in `bullmqInbox`. You close a client that you pass. */
  readonly connection: ConnectionOptions;
  /** Prefix of all keys of the queue. Default `bull`. */
  readonly prefix?: string | undefined;
}

/** The states of a job. */
const STATES: JobType[] = ["waiting", "active", "delayed", "prioritized", "waiting-children", "completed", "failed"];
/** Number of jobs that are read at once. */
const PAGE = 100;

/**
 * Reads pushes of a `bullmqInbox`, in the order of their ids. Yields a record with the exact bytes of each push, then a mark with its newest
 * state. A push without an ended attempt or a retry has no mark. The `seq` of a push is its position among the pushes in the queue now.
 *
 * Writes nothing. Skips pushes that are removed meanwhile.
 * @throws AirudderError `inbox_unavailable`, if there is no such queue; Error, if a job is not a push, or if a later version stored it
 * @example for await (const { head } of readBullmqInbox({ queue: "airudder", connection, limit: 100 })) console.log(head.kind);
 */
export async function* readBullmqInbox({
  queue: name,
  connection,
  prefix = "bull",
  ...query
}: BullmqInboxQuery): AsyncGenerator<JournalRecord> {
  const queue = new Queue<JobData>(name, { connection, prefix, skipMetasUpdate: true, skipVersionCheck: true });
  queue.on("error", () => undefined);
  try {
    if ((await queue.getVersion()) === null) {
      const message = `There is no queue "${name}" with the prefix "${prefix}" in this database of Redis.`;
      throw new AirudderError("inbox_unavailable", `${message} Give the queue and the prefix of the inbox.`);
    }
    const selected = await select(queue, query);
    for (const page of pagesOf(selected)) {
      const jobs = await Promise.all(page.map(({ id }) => queue.getJob(id)));
      for (const [i, job] of jobs.entries()) {
        if (job !== undefined && matches(job, query)) yield* recordsOf(job, page[i]?.seq as number);
      }
    }
  } finally {
    await queue.close().catch(() => undefined);
  }
}

/** The id of a push, and its position in the queue, from 1. */
interface Position {
  readonly id: string;
  readonly seq: number;
}

/** The newest pushes that match, oldest first. */
async function select(queue: Queue<JobData>, query: InboxQuery): Promise<readonly Position[]> {
  const { ids, since, limit, until, type, states, about } = query;
  const found = (await queue.getRanges(STATES, 0, -1)).sort().map((id, i) => ({ id, seq: i + 1 }));
  const firstId = since && firstIdSince(since);
  const candidates = found.filter(
    ({ id, seq }) =>
      (firstId === undefined || id >= firstId) &&
      (ids === undefined ||
        ids.some((each) => ("prefix" in each ? id.startsWith(each.prefix) : each.first <= seq && seq <= each.last))),
  );
  const needsJobs = [until, type, states, about].some((value) => value !== undefined);
  if (candidates.length <= limit || !needsJobs) return candidates.slice(-limit);
  const selected: Position[] = [];
  for (const page of pagesOf(candidates.reverse())) {
    const jobs = await Promise.all(page.map(({ id }) => queue.getJob(id)));
    selected.push(...page.filter((_, i) => jobs[i] !== undefined && matches(jobs[i], query)));
    if (selected.length >= limit) break;
  }
  return selected.slice(0, limit).reverse();
}

function* pagesOf(positions: readonly Position[]): Generator<readonly Position[]> {
  for (let start = 0; start < positions.length; start += PAGE) yield positions.slice(start, start + PAGE);
}

function matches(job: Job<JobData>, { since, until, type, states, about = {} }: InboxQuery): boolean {
  if (since !== undefined && job.timestamp < since.getTime()) return false;
  if (until !== undefined && job.timestamp > until.getTime()) return false;
  if (type !== undefined && job.data.type !== type) return false;
  if (states !== undefined && !states.includes(stateOf(job))) return false;
  return SEARCH_KEYS.every((key) => about[key] === undefined || about[key] === job.data[key]);
}

function* recordsOf(job: Job<JobData>, seq: number): Generator<JournalRecord> {
  const push = pushOf(job.data);
  const { headers, body } = push;
  yield { head: { ...(headOf(push) as PushHead), seq }, content: { headers, body } };
  const state = stateOf(job);
  const name = state !== "stored" ? state : job.data.isRetry ? "retry" : undefined;
  if (name === undefined) return;
  // BullMQ does not store when a job that waits for a retry failed.
  const at = new Date(job.finishedOn ?? Date.now()).toISOString();
  const mark: MarkHead = { kind: "mark", push: push.id, at, state: name };
  const failures = failuresOf(job);
  if (state !== "handled" && state !== "ignored" && failures > 0) {
    mark.attempt = failures;
    if (job.failedReason !== undefined) mark.error = job.failedReason;
  }
  yield { head: mark };
}

function stateOf(job: Job<JobData>): PushState {
  if (job.finishedOn === undefined) return failuresOf(job) > 0 ? "failed" : "stored";
  if (job.returnvalue === "handled" || job.returnvalue === "ignored") return job.returnvalue;
  return isQuarantined(job) ? "quarantined" : "dead";
}
