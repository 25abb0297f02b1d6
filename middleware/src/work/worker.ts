import { AttemptTimeout, RunningAttempt } from "./attempt.js";
import { type Backoff, backoffMs } from "./backoff.js";
import { Heap } from "./heap.js";
import { Queue } from "./queue.js";

/** Something to do. Jobs of one subject run one after the other, in the order in which they were added. */
export interface Job {
  readonly subject: string | undefined;
  /** Attempts that have failed already. */
  failures: number;
}

/** How jobs are run, and who hears of it. */
export interface WorkerOptions<J extends Job, R = unknown> {
  /** Maximum number of attempts at once. */
  readonly concurrency: number;
  /** Attempts after the first. */
  readonly retries: number;
  readonly timeoutMs: number;
  readonly backoff: Backoff;
  /** A job waits for this promise before it takes a slot. */
  hold?(job: J): Promise<void> | undefined;
  /**
   * Makes a job ready to run. Not part of the attempt's time; its failure is retried and is no failed attempt, unless it is final.
   * @param alone nothing runs beside this job
   */
  prepare(job: J, alone: boolean): void | Promise<void>;
  run(job: J, attempt: RunningAttempt): R | Promise<R>;
  done(job: J, result: R): void;
  retrying(job: J, error: unknown, delayMs: number): void;
  dead(job: J, error: unknown): void;
  /** Whether no attempt may follow this failure. */
  isFinal(error: unknown, job: J): boolean;
}

/** A job with its place in the order in which the jobs were added. */
interface Entry<J> {
  readonly job: J;
  readonly order: number;
}

/**
 * Runs jobs: several at once, those of one subject in order, failed ones again after growing waits. Of the jobs that are ready the oldest
 * starts first. Nothing starts before `start()`.
 */
export class Worker<J extends Job, R = unknown> {
  readonly #ready = new Heap<Entry<J>>();
  /** Jobs that run with nothing beside them, before all others. */
  readonly #alone = new Queue<Entry<J>>();
  #runsAlone: J | undefined;
  /** Of each subject that has a job under way: the jobs that wait behind it, if any. */
  readonly #lanes = new Map<string, Queue<Entry<J>> | undefined>();
  /** Attempts under way, each with its time limit once it has one. */
  readonly #running = new Map<RunningAttempt, NodeJS.Timeout | undefined>();
  readonly #timers = new Set<NodeJS.Timeout>();
  /** Of jobs that could not be made ready: how often that failed. */
  readonly #unready = new Map<J, number>();
  #added = 0;
  #started = false;
  #scheduled = false;
  #filling = false;
  #stopped = false;
  #stopping: Promise<void> | undefined;
  #idle: (() => void) | undefined;

  constructor(private readonly options: WorkerOptions<J, R>) {}

  /** Starts to run what was added. */
  start(): void {
    this.#started = true;
    this.#schedule();
  }

  /** @param alone the job runs before all others, with nothing beside it, unless an earlier job of its subject is under way */
  add(job: J, { alone = false }: { alone?: boolean } = {}): void {
    const entry = { job, order: this.#added++ };
    const { subject } = job;
    if (subject !== undefined) {
      if (this.#lanes.has(subject)) {
        this.#lane(subject).push(entry);
        return;
      }
      this.#lanes.set(subject, undefined);
    }
    if (alone) this.#alone.push(entry);
    else this.#ready.push(entry);
    this.#schedule();
  }

  /** The job that runs with nothing beside it now. */
  get runsAlone(): J | undefined {
    return this.#runsAlone;
  }

  #lane(subject: string): Queue<Entry<J>> {
    const lane = this.#lanes.get(subject) ?? new Queue();
    this.#lanes.set(subject, lane);
    return lane;
  }

  #makeReady(entry: Entry<J>): void {
    this.#ready.push(entry);
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
    // What waits for its handler cannot be what ended the process.
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
    this.#running.set(attempt, undefined);
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
    this.#running.set(attempt, timer);
    running.then(
      (result) => this.#end(entry, attempt, () => this.#finish(entry.job, result)),
      (error) => this.#end(entry, attempt, () => this.#fail(entry, error)),
    );
  }

  /** Ends an attempt once, whatever ends it first: its handler, its time limit, or the stop. */
  #end({ job }: Entry<J>, attempt: RunningAttempt, then: () => void): void {
    if (!this.#running.has(attempt)) return;
    clearTimeout(this.#running.get(attempt));
    this.#running.delete(attempt);
    if (this.#runsAlone === job) this.#runsAlone = undefined;
    then();
    if (this.#stopped && this.#running.size === 0) this.#idle?.();
    if (this.#ready.size > 0 || this.#alone.size > 0) this.#fill();
  }

  #finish(job: J, result: R): void {
    this.options.done(job, result);
    this.#leaveLane(job);
  }

  #fail(entry: Entry<J>, error: unknown): void {
    const { job } = entry;
    job.failures++;
    if (job.failures > this.options.retries || this.options.isFinal(error, job)) {
      this.#bury(job, error);
      return;
    }
    const delayMs = backoffMs(job.failures, this.options.backoff);
    this.options.retrying(job, error, delayMs);
    this.#makeReadyIn(delayMs, entry);
  }

  #bury(job: J, error: unknown): void {
    this.#unready.delete(job);
    this.options.dead(job, error);
    this.#leaveLane(job);
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

  /** Starts nothing more and waits for running attempts at most `limitMs`; then aborts them and gives their jobs back. Stops once. */
  stop(limitMs: number): Promise<void> {
    this.#stopping ??= this.#stop(limitMs);
    return this.#stopping;
  }

  async #stop(limitMs: number): Promise<void> {
    this.#stopped = true;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    if (this.#running.size === 0) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, limitMs);
      this.#idle = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    const reason = new Error("The receiver is closing.");
    for (const [attempt, timer] of this.#running) {
      clearTimeout(timer);
      attempt.abort(reason);
    }
    this.#running.clear();
  }
}
