import { Heap } from "./heap.js";
import { Queue } from "./queue.js";

/** A unit of work. Jobs of one subject run one at a time, in the order in which they were added. */
export interface Job {
  readonly subject: string | undefined;
}

/** What the scheduler does after a run. */
export interface NextRun {
  /**
   * The job runs again after this delay; until then no later job of its subject runs. Milliseconds. Default: the job is finished.
   */
  readonly delayMs?: number;
  /** Whether the next run is exclusive. Default: `false`. */
  readonly isExclusive?: boolean;
  /** Settles when the result of this run is recorded. After an exclusive run, nothing starts before that. */
  readonly recorded?: Promise<unknown>;
}

/** One run of a job. */
export interface Run {
  /** Whether no other job runs in parallel. */
  readonly isExclusive: boolean;
  /** Whether `stop` no longer waits for this run. Its result is ignored. */
  readonly isAbandoned: boolean;
}

/** Limits and functions of a {@link Scheduler}. */
export interface SchedulerOptions<J extends Job> {
  /** Maximum number of parallel runs. */
  readonly concurrency: number;
  /**
   * Returns a promise to wait for before the job starts, or `undefined` to start it now. Called again when the promise has resolved. A job
   * that waits does not count as running.
   */
  hold?(job: J): Promise<void> | undefined;
  /** Runs a job once. Must not throw or reject. */
  run(job: J, run: Run): NextRun | Promise<NextRun>;
}

/** How a job is added. */
export interface JobOptions {
  /**
   * Runs the job before all other ready jobs, with no other job in parallel. If an earlier job of its subject is unfinished, the job is
   * ready after that one. Applies to the first run. Default: `false`.
   */
  readonly isExclusive?: boolean;
  /** Delay before the job can start. Ignored if an earlier job of its subject is unfinished. Milliseconds; default 0. */
  readonly delayMs?: number;
}

/** A job with its position in the order in which the jobs were added. */
interface Entry<J> {
  readonly job: J;
  readonly order: number;
  isExclusive: boolean;
}

/**
 * Schedules jobs in memory: runs them in parallel, but jobs of one subject in sequence. The oldest ready job starts first. No job starts
 * before `start()`.
 */
export class Scheduler<J extends Job> {
  readonly #ready = new Heap<Entry<J>>();
  readonly #readyExclusive = new Queue<Entry<J>>();
  #isExclusiveRunning = false;
  /** Each subject with an unfinished job, and the later jobs of this subject, if any. */
  readonly #subjects = new Map<string, Queue<Entry<J>> | undefined>();
  readonly #running = new Set<{ isAbandoned: boolean }>();
  readonly #timers = new Set<NodeJS.Timeout>();
  #added = 0;
  #isStarted = false;
  #isScheduled = false;
  #isStartingReady = false;
  #isStopped = false;
  #stopping: Promise<void> | undefined;
  #onIdle: (() => void) | undefined;

  constructor(private readonly options: SchedulerOptions<J>) {}

  /** Starts to run the added jobs. */
  start(): void {
    this.#isStarted = true;
    this.#schedule();
  }

  /** Adds a job. It runs after the unfinished jobs of its subject. */
  add(job: J, { isExclusive = false, delayMs = 0 }: JobOptions = {}): void {
    const entry = { job, order: this.#added++, isExclusive };
    const { subject } = job;
    if (subject !== undefined) {
      if (this.#subjects.has(subject)) {
        this.#laterJobs(subject).push(entry);
        return;
      }
      this.#subjects.set(subject, undefined);
    }
    if (delayMs > 0) this.#makeReadyAfter(delayMs, entry);
    else this.#makeReady(entry);
  }

  #laterJobs(subject: string): Queue<Entry<J>> {
    const jobs = this.#subjects.get(subject) ?? new Queue();
    this.#subjects.set(subject, jobs);
    return jobs;
  }

  #makeReady(entry: Entry<J>): void {
    if (entry.isExclusive) this.#readyExclusive.push(entry);
    else this.#ready.push(entry);
    this.#schedule();
  }

  #makeReadyAfter(delayMs: number, entry: Entry<J>): void {
    if (this.#isStopped) return;
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      this.#makeReady(entry);
    }, delayMs);
    this.#timers.add(timer);
  }

  /** Starts jobs after this turn of the event loop, so that the HTTP response is sent first. */
  #schedule(): void {
    if (this.#isScheduled || !this.#isStarted) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.#startReady();
    });
  }

  /** Starts the ready jobs in one loop. A job that ends synchronously does not start the next one, so the stack does not grow. */
  #startReady(): void {
    if (this.#isStartingReady || !this.#isStarted) return;
    this.#isStartingReady = true;
    for (let entry = this.#takeNext(); entry !== undefined; entry = this.#takeNext()) this.#start(entry);
    this.#isStartingReady = false;
  }

  /** Removes and returns the job to start now, if any. */
  #takeNext(): Entry<J> | undefined {
    if (this.#isStopped || this.#isExclusiveRunning) return undefined;
    while (this.#readyExclusive.size > 0) {
      if (this.#running.size > 0) return undefined;
      const entry = this.#readyExclusive.shift() as Entry<J>;
      if (!this.#isHeld(entry)) return entry;
    }
    while (this.#running.size < this.options.concurrency) {
      const entry = this.#ready.pop();
      if (entry === undefined || !this.#isHeld(entry)) return entry;
    }
    return undefined;
  }

  #isHeld(entry: Entry<J>): boolean {
    const hold = this.options.hold?.(entry.job);
    if (hold === undefined) return false;
    void hold.then(() => this.#makeReady(entry));
    return true;
  }

  #start(entry: Entry<J>): void {
    const run = { isExclusive: entry.isExclusive, isAbandoned: false };
    if (entry.isExclusive) this.#isExclusiveRunning = true;
    this.#running.add(run);
    const next = this.options.run(entry.job, run);
    if (next instanceof Promise) void next.then((settled) => this.#end(entry, run, settled));
    else this.#end(entry, run, next);
  }

  #end(entry: Entry<J>, run: Run, next: NextRun): void {
    if (run.isAbandoned) return;
    this.#running.delete(run);
    if (next.delayMs === undefined) this.#makeLaterJobReady(entry.job);
    else {
      entry.isExclusive = next.isExclusive ?? false;
      this.#makeReadyAfter(next.delayMs, entry);
    }
    if (run.isExclusive) this.#endExclusive(next.recorded);
    if (this.#isStopped && this.#running.size === 0) this.#onIdle?.();
    if (this.#ready.size > 0 || this.#readyExclusive.size > 0) this.#startReady();
  }

  #makeLaterJobReady({ subject }: J): void {
    if (subject === undefined) return;
    const later = this.#subjects.get(subject)?.shift();
    if (later === undefined) this.#subjects.delete(subject);
    else this.#makeReady(later);
  }

  /**
   * Lets other jobs start once the result is recorded. If another job started before that and ended the process, the exclusive job would
   * seem to be the cause.
   */
  #endExclusive(recorded: Promise<unknown> | undefined): void {
    const end = (): void => {
      this.#isExclusiveRunning = false;
      this.#schedule();
    };
    if (recorded === undefined) this.#isExclusiveRunning = false;
    else recorded.then(end, end);
  }

  /** Starts no more jobs, and waits at most `limitMs` for the running ones. Then it ignores their results. Further calls do nothing. */
  stop(limitMs: number): Promise<void> {
    this.#stopping ??= this.#stop(limitMs);
    return this.#stopping;
  }

  async #stop(limitMs: number): Promise<void> {
    this.#isStopped = true;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    if (this.#running.size === 0) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, limitMs);
      this.#onIdle = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    for (const run of this.#running) run.isAbandoned = true;
    this.#running.clear();
  }
}
