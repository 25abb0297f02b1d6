import { type Job, UnrecoverableError, WaitingError, Worker } from "bullmq";
import type { AttemptResult, Attempts } from "../inbox/attempts.js";
import { ProcessEnded } from "../inbox/file/crash.js";
import type { InboxEvents, StoredPush } from "../inbox/inbox.js";
import { describeThrown } from "../observe/describe-error.js";
import { type NextRun, type Run, Scheduler } from "../work/scheduler.js";
import { withDefaults } from "./connection.js";
import { type JobData, pushOf } from "./job-data.js";
import { type BullmqInboxSettings, isClient } from "./options.js";
import { failuresOf, markAborted, markAlone, suspicionOf } from "./suspect.js";

/** How long closing waits for Redis after the handlers have ended. Milliseconds. */
const CLOSE_LIMIT_MS = 500;
/** Delay of BullMQ after an error of the connection. Milliseconds. Its default is 15 s, which would prolong every outage. */
const RETRY_CONNECTION_MS = 1_000;

/** A failed attempt, for BullMQ: it stores the message, and retries after the delay. The handler's own error may contain personal data. */
class FailedAttempt extends Error {
  override readonly name = "FailedAttempt";

  constructor(
    message: string,
    readonly delayMs: number,
  ) {
    super(message);
  }
}

/** A job of BullMQ while this process handles it. */
interface RunningJob {
  /** None, so that the scheduler does not order the jobs. */
  readonly subject: undefined;
  readonly job: Job<JobData>;
  readonly push: StoredPush;
  /** Ends the job with the result of its attempt. */
  end(result: JobResult): void;
}

/** How the handling of a job ended. `not started`: the inbox closed before the attempt. */
type JobResult = AttemptResult | { readonly state: "not started" };

const NOT_STARTED: JobResult = { state: "not started" };

/** Handles the jobs of a queue with BullMQ's worker. */
export class PushWorker {
  readonly #worker: Worker<JobData>;
  readonly #scheduler: Scheduler<RunningJob>;
  readonly #waiting = new Set<RunningJob>();
  #isClosing = false;

  constructor(
    private readonly settings: BullmqInboxSettings,
    private readonly attempts: Attempts,
    private readonly events: InboxEvents,
    private readonly onError: (error: Error) => void,
  ) {
    const { queue, prefix, connection, concurrency, leaseMs } = settings;
    this.#scheduler = new Scheduler<RunningJob>({
      concurrency,
      hold: ({ push }) => events.waitForHandler?.(push),
      run: (running, run) => this.#run(running, run),
    });
    this.#scheduler.start();
    this.#worker = new Worker<JobData>(queue, (job, token) => this.#process(job, token), {
      connection: isClient(connection) ? connection : { ...withDefaults(connection), maxRetriesPerRequest: null },
      prefix,
      concurrency,
      lockDuration: leaseMs,
      stalledInterval: leaseMs,
      // This class decides when a job that stalls is dead: see suspect.ts.
      maxStalledCount: Number.MAX_SAFE_INTEGER,
      runRetryDelay: RETRY_CONNECTION_MS,
      settings: { backoffStrategy: (_attempts, _type, error) => (error as FailedAttempt).delayMs },
    });
    this.#worker.on("error", onError);
  }

  /** BullMQ's processor. BullMQ stores the returned value with the job, or the message of the error as its `failedReason`. */
  async #process(job: Job<JobData>, token: string | undefined): Promise<string> {
    const result = await this.#attempt(job, this.#parse(job));
    switch (result.state) {
      case "handled":
      case "ignored":
        return result.state;
      case "failed":
        // The process that stored the push may have had another value of `retries`; the one that handles it decides.
        job.opts.attempts = Number.MAX_SAFE_INTEGER;
        throw new FailedAttempt(result.message, result.delayMs);
      case "dead":
      case "quarantined":
        throw new UnrecoverableError(result.message);
      case "aborted":
      case "not started":
        // If Redis does not respond, the job runs again after `leaseMs`.
        await this.#return(job, token, result.state === "aborted").catch(() => undefined);
        throw new WaitingError();
    }
  }

  /** Moves a job to the start of the queue, so that another process takes it immediately. */
  async #return(job: Job<JobData>, token: string | undefined, isAborted: boolean): Promise<void> {
    if (isAborted) await markAborted(job);
    await job.moveToWait(token);
  }

  /** @throws UnrecoverableError if the job is not a push: BullMQ then keeps it as failed */
  #parse({ data }: Job<JobData>): StoredPush {
    try {
      return pushOf(data);
    } catch (error) {
      this.onError(error as Error);
      throw new UnrecoverableError((error as Error).message);
    }
  }

  #attempt(job: Job<JobData>, push: StoredPush): Promise<JobResult> {
    if (this.#isClosing) return Promise.resolve(NOT_STARTED);
    const { runsAlone } = suspicionOf(job);
    return new Promise((resolve) => {
      const running: RunningJob = {
        subject: undefined,
        job,
        push,
        end: (result) => {
          this.#waiting.delete(running);
          resolve(result);
        },
      };
      this.#waiting.add(running);
      this.#scheduler.add(running, { isExclusive: runsAlone });
    });
  }

  async #run(running: RunningJob, { isExclusive }: Run): Promise<NextRun> {
    const { job, push, end } = running;
    this.#waiting.delete(running);
    const failures = failuresOf(job);
    if (isExclusive && failures > this.settings.retries) {
      const error = new ProcessEnded();
      this.events.dead(push, failures, error);
      end({ state: "dead", error, message: describeThrown(error) });
      return {};
    }
    if (isExclusive) await markAlone(job).catch(() => undefined);
    const attempt = { number: failures + 1, isRetry: job.data.isRetry === true };
    end(await this.attempts.run(push, attempt, (result) => result));
    return {};
  }

  /**
   * Takes no new jobs, waits at most `limitMs` for the running ones, and returns the others to the queue.
   * @param responds whether Redis responds
   */
  async close(limitMs: number, responds: boolean): Promise<void> {
    this.#isClosing = true;
    const closed = responds ? this.#worker.close() : this.#worker.pause(true);
    for (const running of this.#waiting) running.end(NOT_STARTED);
    await this.#scheduler.stop(limitMs);
    this.attempts.abort();
    await settledWithin(closed, CLOSE_LIMIT_MS);
    // Without Redis, only a forced close resolves. The jobs run again after `leaseMs`.
    if (!responds) await settledWithin(this.#worker.close(true), CLOSE_LIMIT_MS);
  }
}

/** Resolves when the promise settles, or at the limit. */
function settledWithin(promise: Promise<unknown>, limitMs: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, limitMs);
    const settle = (): void => {
      clearTimeout(timer);
      resolve();
    };
    promise.then(settle, settle);
  });
}
