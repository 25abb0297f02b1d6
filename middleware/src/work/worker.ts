import { AttemptTimeout, RunningAttempt } from "./attempt.js";
import { type Backoff, backoffMs } from "./backoff.js";
import { Queue } from "./queue.js";

/** Something to do. Jobs of one subject are done one after the other, in the order they were added. */
export interface Job {
  readonly subject: string | undefined;
  /** Tries that have failed already. */
  failures: number;
}

/** How jobs are done, and who is told. */
export interface WorkerOptions<J extends Job> {
  readonly concurrency: number;
  /** Tries after the first. */
  readonly retries: number;
  readonly timeoutMs: number;
  readonly backoff: Backoff;
  /** Makes a job ready to be run. It is not in the time of the try; its failure is tried again, and is no try of the job, unless it is final. */
  prepare(job: J): void | Promise<void>;
  run(job: J, attempt: RunningAttempt): void | Promise<void>;
  done(job: J): void;
  retrying(job: J, error: unknown, delayMs: number): void;
  dead(job: J, error: unknown): void;
  /** Whether a failure is final at once. */
  isFinal(error: unknown): boolean;
}

/** Does jobs: several at once, those of one subject in order, failed ones again and again with growing waits. */
export class Worker<J extends Job> {
  readonly #ready = new Queue<J>();
  /** Of each subject that has a job under way: what waits behind it, if anything. */
  readonly #lanes = new Map<string, Queue<J> | undefined>();
  /** Tries under way, each with its time limit once it has one. */
  readonly #running = new Map<RunningAttempt, NodeJS.Timeout | undefined>();
  readonly #timers = new Set<NodeJS.Timeout>();
  /** Of jobs that could not be made ready: how often that failed. */
  readonly #unready = new Map<J, number>();
  #scheduled = false;
  #filling = false;
  #stopped = false;
  #stopping: Promise<void> | undefined;
  #idle: (() => void) | undefined;

  constructor(private readonly options: WorkerOptions<J>) {}

  add(job: J): void {
    const { subject } = job;
    if (subject !== undefined) {
      if (this.#lanes.has(subject)) {
        this.#lane(subject).push(job);
        return;
      }
      this.#lanes.set(subject, undefined);
    }
    this.#makeReady(job);
  }

  #lane(subject: string): Queue<J> {
    const lane = this.#lanes.get(subject) ?? new Queue();
    this.#lanes.set(subject, lane);
    return lane;
  }

  /** Work starts after what is going on in this turn of the event loop: the answer to the sender comes first. */
  #makeReady(job: J): void {
    this.#ready.push(job);
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#fill();
    });
  }

  /** A job that ends at once comes back to the loop that started it. */
  #fill(): void {
    if (this.#filling) return;
    this.#filling = true;
    while (!this.#stopped && this.#running.size < this.options.concurrency) {
      const job = this.#ready.shift();
      if (job === undefined) break;
      this.#start(job);
    }
    this.#filling = false;
  }

  #start(job: J): void {
    const attempt = new RunningAttempt(job.failures + 1);
    this.#running.set(attempt, undefined);
    const preparing = this.options.prepare(job);
    if (preparing === undefined) this.#run(job, attempt);
    else {
      preparing.then(
        () => {
          this.#unready.delete(job);
          this.#run(job, attempt);
        },
        (error) => this.#end(attempt, () => this.#postpone(job, error)),
      );
    }
  }

  #postpone(job: J, error: unknown): void {
    if (this.options.isFinal(error)) {
      this.#bury(job, error);
      return;
    }
    const failures = (this.#unready.get(job) ?? 0) + 1;
    this.#unready.set(job, failures);
    this.#makeReadyIn(backoffMs(failures, this.options.backoff), job);
  }

  #run(job: J, attempt: RunningAttempt): void {
    if (!this.#running.has(attempt)) return;
    let result: void | Promise<void>;
    try {
      result = this.options.run(job, attempt);
    } catch (error) {
      this.#end(attempt, () => this.#fail(job, error));
      return;
    }
    if (result === undefined) this.#end(attempt, () => this.#finish(job));
    else this.#follow(result, job, attempt);
  }

  #follow(result: Promise<void>, job: J, attempt: RunningAttempt): void {
    const { timeoutMs } = this.options;
    const timer = setTimeout(() => {
      const error = new AttemptTimeout(timeoutMs);
      attempt.abort(error);
      this.#end(attempt, () => this.#fail(job, error));
    }, timeoutMs);
    this.#running.set(attempt, timer);
    result.then(
      () => this.#end(attempt, () => this.#finish(job)),
      (error) => this.#end(attempt, () => this.#fail(job, error)),
    );
  }

  /** Ends a try once, whatever ends it first: its handler, its time limit, or the stop. */
  #end(attempt: RunningAttempt, then: () => void): void {
    if (!this.#running.has(attempt)) return;
    clearTimeout(this.#running.get(attempt));
    this.#running.delete(attempt);
    then();
    if (this.#stopped && this.#running.size === 0) this.#idle?.();
    if (this.#ready.size > 0) this.#fill();
  }

  #finish(job: J): void {
    this.options.done(job);
    this.#leaveLane(job);
  }

  #fail(job: J, error: unknown): void {
    job.failures++;
    if (job.failures > this.options.retries || this.options.isFinal(error)) {
      this.#bury(job, error);
      return;
    }
    const delayMs = backoffMs(job.failures, this.options.backoff);
    this.options.retrying(job, error, delayMs);
    this.#makeReadyIn(delayMs, job);
  }

  #bury(job: J, error: unknown): void {
    this.#unready.delete(job);
    this.options.dead(job, error);
    this.#leaveLane(job);
  }

  #makeReadyIn(delayMs: number, job: J): void {
    if (this.#stopped) return;
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      this.#makeReady(job);
    }, delayMs);
    this.#timers.add(timer);
  }

  #leaveLane({ subject }: J): void {
    if (subject === undefined) return;
    const next = this.#lanes.get(subject)?.shift();
    if (next === undefined) this.#lanes.delete(subject);
    else this.#makeReady(next);
  }

  /** Starts nothing more, and waits for what runs at most `limitMs`; then aborts it. What was not done is the caller's again. Stops once. */
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
