import { AttemptTimeout, RunningAttempt } from "./attempt.js";
import { type Backoff, backoffMs } from "./backoff.js";
import { Heap } from "./heap.js";
import { Queue } from "./queue.js";

/** A unit of work. Jobs of one subject run in sequence, in the order in which they were added. */
export interface Job {
  readonly subject: string | undefined;
  /** Number of failed attempts. */
  failures: number;
}

/** Limits and callbacks of a worker. */
export interface WorkerOptions<J extends Job, R = unknown> {
  /** Maximum number of parallel attempts. */
  readonly concurrency: number;
  /** Maximum number of retries after the first attempt. */
  readonly retries: number;
  readonly timeoutMs: number;
  readonly backoff: Backoff;
  /** A promise to wait for before the job starts; `undefined` to start it now. */
  hold?(job: J): Promise<void> | undefined;
  /**
   * Prepares a job to run. Does not count towards the time limit. If it fails, it is retried and the attempt does not count as failed,
   * unless the error is final.
   * @param alone whether no other job runs in parallel
   */
  prepare(job: J, alone: boolean): void | Promise<void>;
  run(job: J, attempt: RunningAttempt): R | Promise<R>;
  /** These return a promise where recording takes time. */
  done(job: J, result: R): unknown;
  retrying(job: J, error: unknown, delayMs: number): unknown;
  dead(job: J, error: unknown): unknown;
  /** Whether there must be no retry after this error. */
  isFinal(error: unknown, job: J): boolean;
}

/** A job with its place in the order in which the jobs were added. */
interface Entry<J> {
  readonly job: J;
  readonly order: number;
  /** It runs with no job in parallel, before all others that are ready. */
  alone: boolean;
}

interface Running<J> {
  readonly job: J;
  timer: NodeJS.Timeout | undefined;
}

/**
 * Runs jobs in parallel, but jobs of one subject in order. Retries failed jobs with increasing delays. The oldest ready job starts first.
 * No job starts before `start()`.
 */
export class Worker<J extends Job, R = unknown> {
  readonly #ready = new Heap<Entry<J>>();
  /** Jobs that run first, one at a time, with no other job in parallel. */
  readonly #alone = new Queue<Entry<J>>();
  #runsAlone: J | undefined;
  /** For each subject with an unfinished job: the jobs that wait for it, if any. */
  readonly #lanes = new Map<string, Queue<Entry<J>> | undefined>();
  /** Running attempts, each with the timer of its time limit, if set. */
  readonly #running = new Map<RunningAttempt, Running<J>>();
  readonly #timers = new Set<NodeJS.Timeout>();
  /** Of jobs that could not be made ready: how often that failed. */
  readonly #unready = new Map<J, number>();
  #added = 0;
  #started = false;
  #scheduled = false;
  #filling = false;
  #stopped = false;
  #stopping: Promise<readonly J[]> | undefined;
  #idle: (() => void) | undefined;

  constructor(private readonly options: WorkerOptions<J, R>) {}

  /** Starts to run the added jobs. */
  start(): void {
    this.#started = true;
    this.#schedule();
  }

  /** @param alone the job runs before all others, with no job in parallel; has no effect if it waits for an earlier job of its subject */
  add(job: J, { alone = false, delayMs = 0 }: { alone?: boolean; delayMs?: number } = {}): void {
    const entry = { job, order: this.#added++, alone };
    const { subject } = job;
    if (subject !== undefined) {
      if (this.#lanes.has(subject)) {
        this.#lane(subject).push(entry);
        return;
      }
      this.#lanes.set(subject, undefined);
    }
    if (delayMs > 0) this.#makeReadyIn(delayMs, entry);
    else this.#makeReady(entry);
  }

  #lane(subject: string): Queue<Entry<J>> {
    const lane = this.#lanes.get(subject) ?? new Queue();
    this.#lanes.set(subject, lane);
    return lane;
  }

  #makeReady(entry: Entry<J>): void {
    if (entry.alone) this.#alone.push(entry);
    else this.#ready.push(entry);
    this.#schedule();
  }

  /** Work starts after this turn of the event loop: the response to the sender comes first. */
  #schedule(): void {
    if (this.#scheduled || !this.#started) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#fill();
    });
  }

  /** A job that ends at once comes back to the loop that started it. */
  #fill(): void {
    if (this.#filling || !this.#started) return;
    this.#filling = true;
    for (let entry = this.#next(); entry !== undefined; entry = this.#next()) this.#start(entry);
    this.#filling = false;
  }

  /** The job to start now, if any. */
  #next(): Entry<J> | undefined {
    if (this.#stopped || this.#runsAlone !== undefined) return undefined;
    if (this.#alone.size > 0) return this.#running.size === 0 ? this.#nextAlone() : undefined;
    while (this.#running.size < this.options.concurrency) {
      const entry = this.#ready.pop();
      if (entry === undefined || !this.#isHeld(entry)) return entry;
    }
    return undefined;
  }

  #nextAlone(): Entry<J> | undefined {
    const entry = this.#alone.shift() as Entry<J>;
    if (this.#isHeld(entry)) return this.#next();
    this.#runsAlone = entry.job;
    return entry;
  }

  #isHeld(entry: Entry<J>): boolean {
    const hold = this.options.hold?.(entry.job);
    if (hold === undefined) return false;
    void hold.then(() => this.#makeReady(entry));
    return true;
  }

  #start(entry: Entry<J>): void {
    const { job } = entry;
    const attempt = new RunningAttempt(job.failures + 1);
    this.#running.set(attempt, { job, timer: undefined });
    const preparing = this.options.prepare(job, this.#runsAlone === job);
    if (preparing === undefined) this.#run(entry, attempt);
    else {
      preparing.then(
        () => {
          this.#unready.delete(job);
          this.#run(entry, attempt);
        },
        (error) => this.#end(entry, attempt, () => this.#postpone(entry, error)),
      );
    }
  }

  #postpone(entry: Entry<J>, error: unknown): void {
    const { job } = entry;
    if (this.options.isFinal(error, job)) {
      this.#bury(job, error);
      return;
    }
    const failures = (this.#unready.get(job) ?? 0) + 1;
    this.#unready.set(job, failures);
    this.#makeReadyIn(backoffMs(failures, this.options.backoff), entry);
  }

  #run(entry: Entry<J>, attempt: RunningAttempt): void {
    if (!this.#running.has(attempt)) return;
    let result: R | Promise<R>;
    try {
      result = this.options.run(entry.job, attempt);
    } catch (error) {
      this.#end(entry, attempt, () => this.#fail(entry, error));
      return;
    }
    if (result instanceof Promise) this.#follow(result, entry, attempt);
    else this.#end(entry, attempt, () => this.#finish(entry.job, result));
  }

  #follow(running: Promise<R>, entry: Entry<J>, attempt: RunningAttempt): void {
    const { timeoutMs } = this.options;
    const timer = setTimeout(() => {
      const error = new AttemptTimeout(timeoutMs);
      attempt.abort(error);
      this.#end(entry, attempt, () => this.#fail(entry, error));
    }, timeoutMs);
    (this.#running.get(attempt) as Running<J>).timer = timer;
    running.then(
      (result) => this.#end(entry, attempt, () => this.#finish(entry.job, result)),
      (error) => this.#end(entry, attempt, () => this.#fail(entry, error)),
    );
  }

  /** Ends an attempt once, whatever ends it first: its handler, its time limit, or the stop. */
  #end({ job }: Entry<J>, attempt: RunningAttempt, then: () => unknown): void {
    const running = this.#running.get(attempt);
    if (running === undefined) return;
    clearTimeout(running.timer);
    this.#running.delete(attempt);
    const recorded = then();
    if (this.#runsAlone === job) this.#endAlone(recorded);
    if (this.#stopped && this.#running.size === 0) this.#idle?.();
    if (this.#ready.size > 0 || this.#alone.size > 0) this.#fill();
  }

  /** Nothing else starts before the result of a job that ran alone is recorded: otherwise a crash would be counted against it. */
  #endAlone(recorded: unknown): void {
    const end = (): void => {
      this.#runsAlone = undefined;
      this.#schedule();
    };
    if (recorded instanceof Promise) recorded.then(end, end);
    else this.#runsAlone = undefined;
  }

  #finish(job: J, result: R): unknown {
    const recorded = this.options.done(job, result);
    this.#leaveLane(job);
    return recorded;
  }

  #fail(entry: Entry<J>, error: unknown): unknown {
    const { job } = entry;
    job.failures++;
    entry.alone = false;
    if (job.failures > this.options.retries || this.options.isFinal(error, job)) return this.#bury(job, error);
    const delayMs = backoffMs(job.failures, this.options.backoff);
    const recorded = this.options.retrying(job, error, delayMs);
    this.#makeReadyIn(delayMs, entry);
    return recorded;
  }

  #bury(job: J, error: unknown): unknown {
    this.#unready.delete(job);
    const recorded = this.options.dead(job, error);
    this.#leaveLane(job);
    return recorded;
  }

  #makeReadyIn(delayMs: number, entry: Entry<J>): void {
    if (this.#stopped) return;
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      this.#makeReady(entry);
    }, delayMs);
    this.#timers.add(timer);
  }

  #leaveLane({ subject }: J): void {
    if (subject === undefined) return;
    const next = this.#lanes.get(subject)?.shift();
    if (next === undefined) this.#lanes.delete(subject);
    else this.#makeReady(next);
  }

  /**
   * Starts nothing more and waits for running attempts at most `limitMs`; then aborts them. Stops once.
   * @returns the jobs whose attempts were aborted
   */
  stop(limitMs: number): Promise<readonly J[]> {
    this.#stopping ??= this.#stop(limitMs);
    return this.#stopping;
  }

  async #stop(limitMs: number): Promise<readonly J[]> {
    this.#stopped = true;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    if (this.#running.size === 0) return [];
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, limitMs);
      this.#idle = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    const aborted = [...this.#running];
    this.#running.clear();
    const reason = new Error("The receiver is closing.");
    for (const [attempt, { timer }] of aborted) {
      clearTimeout(timer);
      attempt.abort(reason);
    }
    return aborted.map(([, { job }]) => job);
  }
}
