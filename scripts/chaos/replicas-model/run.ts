import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { StoredPush } from "airudder-webhooks/inbox";
import { newPushId } from "airudder-webhooks/inspect";
import { Random } from "../model/random.js";
import type { ModelEngine, ModelWorker } from "./engine.js";
import { type Entry, Reference, type Run } from "./reference.js";

/** How often each step is chosen, relative to the others. */
export const WEIGHTS = {
  put: 8,
  putAgain: 2,
  putTwice: 2,
  succeed: 10,
  fail: 6,
  crash: 0.6,
  freeze: 0.3,
  thaw: 1,
  stop: 0.3,
  connect: 0.6,
  retry: 1,
  drop: 0.5,
  retryAndDrop: 0.3,
  confirm: 1,
};

type Step = keyof typeof WEIGHTS;

export interface RunOptions {
  readonly seed: number;
  readonly steps: number;
  /** Time limit of each wait, such as for a worker that takes over or for a recorded result. Milliseconds; default 20,000. */
  readonly limitMs?: number;
}

/** Result of one run. */
export interface RunReport {
  readonly steps: number;
  readonly violations: readonly string[];
  readonly pushes: number;
  readonly attempts: number;
  readonly workers: number;
}

const SUBJECTS = ["a", "b", "c", "d"];
const MIN_WORKERS = 2;
const MAX_WORKERS = 5;
/** Maximum number of unfinished pushes. More would only wait. */
const MAX_UNFINISHED = 10;
const LIMIT_MS = 20_000;
const POLL_MS = 2;
/** How long a step waits before it assumes that a push runs alone and delays the others. */
const ALONE_WAIT_MS = 40;

/** Chooses random steps for several inboxes on one storage, and checks after each step that the rules of the reference model hold. */
export async function runReplicasModel(
  engine: ModelEngine,
  { seed, steps, limitMs = LIMIT_MS }: RunOptions,
): Promise<RunReport> {
  await engine.reset();
  const model = new ReplicasModel(engine, new Random(seed), limitMs);
  try {
    return await model.run(steps);
  } finally {
    await model.end();
  }
}

/** A worker of the model. */
interface Worker extends ModelWorker {
  readonly name: string;
  isFrozen: boolean;
  isGone: boolean;
  /** Until this time, the worker may start pushes that it took before it was frozen. */
  uncertainUntil: number;
}

/** A running handler, which a step of the model ends. */
interface OpenRun {
  readonly run: Run;
  readonly worker: Worker;
  end(result: "handled" | "failed"): void;
}

class ReplicasModel {
  readonly #reference: Reference;
  readonly #workers: Worker[] = [];
  readonly #open = new Set<OpenRun>();
  readonly #watchdog: NodeJS.Timeout;
  #connected = 0;
  #attempts = 0;
  #bodies = 0;
  #pushes = 0;
  #disturbedAt = Number.NEGATIVE_INFINITY;
  /** At the end of a run, every handler succeeds immediately. */
  #isDraining = false;

  constructor(
    private readonly engine: ModelEngine,
    private readonly random: Random,
    private readonly limitMs: number,
  ) {
    this.#reference = new Reference({ hasOrder: engine.hasOrder, retries: engine.retries });
    let last = performance.now();
    // If this process was suspended or too busy, leases may have expired.
    this.#watchdog = setInterval(() => {
      const now = performance.now();
      if (now - last > engine.leaseMs / 3) for (const worker of this.#live()) this.#markUncertain(worker);
      last = now;
    }, 10);
  }

  async run(steps: number): Promise<RunReport> {
    const reference = this.#reference;
    while (this.#workers.length < MIN_WORKERS) await this.#connect();
    for (; reference.step < steps && reference.violations.length === 0; reference.step++) {
      await this.#execute(this.random.weighted(WEIGHTS));
      if (this.random.next() < 0.8) await this.#progress();
    }
    const taken = reference.step;
    if (reference.violations.length === 0) await this.#finish();
    return {
      steps: taken,
      violations: reference.violations.slice(0, 3),
      pushes: this.#pushes,
      attempts: this.#attempts,
      workers: this.#connected,
    };
  }

  async end(): Promise<void> {
    clearInterval(this.#watchdog);
    for (const worker of this.#workers) worker.crash();
  }

  #live(): Worker[] {
    return this.#workers.filter(({ isFrozen, isGone }) => !isFrozen && !isGone);
  }

  /** Whether a worker was cut off not long ago. */
  get #isDisturbed(): boolean {
    return this.#workers.some(({ isFrozen }) => isFrozen) || performance.now() - this.#disturbedAt < this.limitMs;
  }

  /** A worker that is connected. */
  #any(): Worker {
    return this.random.pick(this.#live());
  }

  async #connect(): Promise<void> {
    const connected = await this.engine.connect();
    const worker: Worker = {
      ...connected,
      name: `worker ${++this.#connected}`,
      isFrozen: false,
      isGone: false,
      uncertainUntil: 0,
    };
    this.#workers.push(worker);
    this.#reference.note(`${worker.name} opens`);
    await worker.inbox.open({ recovered: () => undefined, failed: () => undefined, dead: () => undefined });
    worker.inbox.consume((push, { number, isRetry = false, transaction }) =>
      this.#handle(worker, push, { number, isRetry, transaction }),
    );
  }

  /** A handler that runs until a step ends it. */
  #handle(
    worker: Worker,
    push: StoredPush,
    { number, isRetry, transaction }: { number: number; isRetry: boolean; transaction: unknown },
  ): Promise<void> {
    if (worker.isGone) return new Promise(() => undefined);
    this.#attempts++;
    const isUncertain = worker.isFrozen || performance.now() < worker.uncertainUntil;
    const run = this.#reference.start(push.id, { attempt: number, isRetry, worker, isUncertain });
    if (run === undefined) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const open: OpenRun = {
        run,
        worker,
        end: (result) => {
          this.#open.delete(open);
          this.#reference.end(run, result);
          const settle = () => (result === "handled" ? resolve() : reject(new Error("fails")));
          // A failed attempt writes, too: its write must not be kept.
          if (this.engine.write === undefined) settle();
          else Promise.resolve(this.engine.write(transaction, push.id)).then(settle, reject);
        },
      };
      this.#open.add(open);
      if (this.#isDraining) open.end("handled");
    });
  }

  async #execute(step: Step): Promise<void> {
    switch (step) {
      case "put":
        return this.#put(`push ${++this.#bodies}`, 1);
      case "putAgain":
        return this.#put(undefined, 1);
      case "putTwice":
        return this.#put(`push ${++this.#bodies}`, 2);
      case "succeed":
        return this.#endRun("handled");
      case "fail":
        return this.#endRun("failed");
      case "crash":
        return this.#crash();
      case "freeze":
        return this.#freeze();
      case "thaw":
        return this.#thaw();
      case "stop":
        return this.#stop();
      case "connect":
        return this.#workers.length < MAX_WORKERS ? this.#connect() : undefined;
      case "confirm":
        return this.#confirm();
      default:
        return this.#changeDead(step);
    }
  }

  /**
   * Stores a push in random inboxes.
   * @param body default: the bytes of the last or second to last push of the subject
   * @param count number of inboxes that get it at the same time
   */
  async #put(body: string | undefined, count: 1 | 2): Promise<void> {
    const reference = this.#reference;
    if (reference.entries.filter(({ state }) => state === "waiting").length >= MAX_UNFINISHED) return;
    const subject = this.random.pick(SUBJECTS);
    const earlier = reference.of(subject).slice(-2);
    const bytes = body ?? (earlier.length === 0 ? `push ${++this.#bodies}` : this.random.pick(earlier).body);
    const ids = Array.from({ length: count }, () => newPushId());
    const entry = reference.send(ids, subject, bytes);
    this.#pushes++;
    const results = await Promise.all(ids.map((id) => this.#any().inbox.put(pushOf(id, entry)).catch(String)));
    const failed = results.find((result) => result !== "stored" && result !== "duplicate");
    if (failed === undefined) return reference.respond(entry, results);
    // A worker that was cut off may hold a lock of its subject for a moment. The vendor sends the push again.
    if (!this.#isDisturbed) reference.violate(`put() rejected: ${failed}`, entry);
    reference.endWithoutResponse(entry);
  }

  #endRun(result: "handled" | "failed"): void {
    const open = [...this.#open].sort((a, b) => a.run.entry.rank - b.run.entry.rank || (a.run.id < b.run.id ? -1 : 1));
    if (open.length > 0) this.random.pick(open).end(result);
  }

  /** Marks what a worker runs, or has just reported, as uncertain. */
  #markUncertain(worker: Worker): void {
    this.#disturbedAt = performance.now();
    this.#reference.note(`${worker.name} is uncertain`);
    this.#reference.loseWorker(worker);
    worker.uncertainUntil = performance.now() + 2 * this.engine.leaseMs;
  }

  #remove(worker: Worker): void {
    this.#disturbedAt = performance.now();
    worker.isGone = true;
    this.#reference.loseWorker(worker);
    this.#workers.splice(this.#workers.indexOf(worker), 1);
    for (const open of [...this.#open].filter((each) => each.worker === worker)) {
      this.#open.delete(open);
      this.#reference.runs.delete(open.run);
    }
  }

  async #crash(): Promise<void> {
    const worker = this.#any();
    const reference = this.#reference;
    let entry: Entry | undefined;
    if (this.random.next() < 0.5) {
      const subject = this.random.pick(SUBJECTS);
      const id = newPushId();
      entry = reference.send([id], subject, `push ${++this.#bodies}`);
      this.#pushes++;
      reference.endWithoutResponse(entry);
      worker.inbox.put(pushOf(id, entry)).catch(() => undefined);
      if (this.random.next() < 0.5) await sleep(this.random.below(4));
    }
    reference.note(`${worker.name} crashes`);
    this.#remove(worker);
    worker.crash();
    while (this.#live().length < MIN_WORKERS) await this.#connect();
  }

  #freeze(): void {
    if (this.#live().length < MIN_WORKERS) return;
    const worker = this.#any();
    this.#reference.note(`${worker.name} freezes`);
    worker.isFrozen = true;
    this.#reference.loseWorker(worker);
    worker.freeze();
  }

  #thaw(): void {
    const frozen = this.#workers.filter(({ isFrozen }) => isFrozen);
    if (frozen.length === 0) return;
    const worker = this.random.pick(frozen);
    this.#markUncertain(worker);
    this.#reference.note(`${worker.name} thaws`);
    worker.isFrozen = false;
    worker.thaw();
  }

  async #stop(): Promise<void> {
    const worker = this.#any();
    this.#reference.note(`${worker.name} closes`);
    const closing = worker.inbox.close(this.random.below(20));
    this.#remove(worker);
    await closing;
    worker.crash();
    while (this.#live().length < MIN_WORKERS) await this.#connect();
  }

  /** Retries or drops a dead push, or both at once in two workers: one of them wins. */
  async #changeDead(step: "retry" | "drop" | "retryAndDrop"): Promise<void> {
    await this.#confirm();
    const dead = this.#reference.entries.filter(({ state, isCertain }) => state === "dead" && isCertain);
    if (dead.length === 0) return;
    const entry = this.random.pick(dead);
    const { body } = entry;
    const [id] = (await this.#deadIds()).filter((each) => entry.ids.includes(each));
    if (id === undefined) return this.#reference.violate(`${body} is dead, and dead() does not list it`, entry);
    const reference = this.#reference;
    const undo = step === "drop" ? () => undefined : reference.retry(entry);
    const [isRetried, isDropped] = await Promise.all([
      step !== "drop" && this.#repeat((inbox) => inbox.retry?.(id)),
      step !== "retry" && this.#repeat((inbox) => inbox.drop?.(id)),
    ]);
    reference.note(`${step} ${entry.subject} ${body}: retried ${isRetried}, dropped ${isDropped}`);
    if (isRetried === isDropped)
      reference.violate(`${step} of ${body}: retried ${isRetried}, dropped ${isDropped}`, entry);
    if (isRetried !== true) undo();
    if (isDropped !== true) return;
    if ([...reference.runs].some((run) => run.entry === entry && !run.isUncertain))
      reference.violate(`${body} was dropped and runs`, entry);
    Object.assign(entry, { state: "dropped", isCertain: true, reporter: undefined });
  }

  /** Repeats an operation that rejects, as its caller does: a worker that was cut off may hold a lock. */
  async #repeat<T>(run: (inbox: Worker["inbox"]) => Promise<T> | undefined): Promise<T | undefined> {
    for (const end = performance.now() + this.limitMs; ; ) {
      try {
        return await run(this.#any().inbox);
      } catch (error) {
        if (!this.#isDisturbed || performance.now() > end) throw error;
      }
    }
  }

  async #deadIds(): Promise<string[]> {
    return ((await this.#repeat((inbox) => inbox.dead?.())) ?? []).map(({ id }) => id);
  }

  /** Waits until every result that was reported is recorded. */
  async #confirm(): Promise<void> {
    const reference = this.#reference;
    await this.#until(async () => {
      const unfinished = new Set(await this.engine.unfinished());
      reference.confirm(unfinished);
      return reference.entries.find((entry) => reference.isUnrecorded(entry, unfinished));
    }, "is finished or dead, and that is not recorded");
  }

  /** Waits until the next push of each subject runs. */
  async #progress(): Promise<void> {
    const reference = this.#reference;
    const startedAt = performance.now();
    await this.#until(() => {
      const running = [...this.#open].filter(({ worker }) => !worker.isFrozen).map(({ run }) => run.entry);
      // A push whose attempt was interrupted runs alone. It waits until the other pushes of its worker have ended. Later pushes wait for it.
      const isAloneNeeded = reference.entries.some(
        ({ state, isCertain, wasInterrupted }) => wasInterrupted && (state === "waiting" || !isCertain),
      );
      if (isAloneNeeded && running.length > 0 && performance.now() - startedAt > ALONE_WAIT_MS) return undefined;
      return reference.entries.find((entry) => {
        const isRunning = running.some(
          (each) => each === entry || (this.engine.hasOrder && each.subject === entry.subject),
        );
        return reference.mustRun(entry) && !isRunning;
      });
    }, "waits, and no worker runs it");
  }

  /** Waits until `find` returns no push, or a rule is violated. After the time limit, the push that it returned is a violation. */
  async #until(find: () => Entry | undefined | Promise<Entry | undefined>, what: string): Promise<void> {
    const { violations } = this.#reference;
    for (const end = performance.now() + this.limitMs; violations.length === 0; await sleep(POLL_MS)) {
      const entry = await find();
      if (entry === undefined) return;
      if (performance.now() > end) this.#reference.violate(`${entry.body} ${what}, after ${this.limitMs} ms`, entry);
    }
  }

  /** Lets all handlers succeed. Checks that every stored push is finished or dead, and that each effect exists once. */
  async #finish(): Promise<void> {
    const reference = this.#reference;
    for (const worker of this.#workers) if (worker.isFrozen) this.#thaw();
    this.#isDraining = true;
    for (const open of [...this.#open]) open.end("handled");
    await this.#until(async () => {
      const unfinished = await this.engine.unfinished();
      return reference.entries.find((entry) => entry.ids.some((id) => unfinished.includes(id)));
    }, "is never finished");
    const dead = await this.#deadIds();
    const effects = (await this.engine.effects?.()) ?? [];
    const known = new Set(reference.entries.flatMap(({ ids }) => ids));
    for (const id of dead) if (!known.has(id)) reference.violations.push(`dead() lists ${id}, which was never stored`);
    for (const entry of reference.entries) this.#checkEnd(entry, dead, effects);
  }

  #checkEnd(entry: Entry, dead: readonly string[], effects: readonly string[]): void {
    const { body, state, isCertain, stored, ids, failures, interruptions } = entry;
    const count = dead.filter((id) => ids.includes(id)).length;
    const mayBeDead = state !== "dropped" && failures + interruptions > this.engine.retries;
    if (state === "dead" && isCertain && count !== 1)
      this.#reference.violate(`dead() lists ${body} ${count} times`, entry);
    if (state !== "dead" && !(mayBeDead && !(state === "handled" && isCertain)) && count > 0)
      this.#reference.violate(`dead() lists ${body}, which is ${state}`, entry);
    if (this.#reference.mustRun(entry) && count === 0)
      this.#reference.violate(`${body} was acknowledged and is lost`, entry);
    if (this.engine.effects === undefined || stored === "unknown") return;
    const written = effects.filter((id) => ids.includes(id)).length;
    const expected = count > 0 || state === "dropped" || state === "waiting" ? 0 : 1;
    const isKnown = isCertain && !(state === "waiting" && entry.mayHaveEnded);
    if (written > 1 || (isKnown && written !== expected))
      this.#reference.violate(`the effect of ${body} (${state}) was committed ${written} times`, entry);
  }
}

function pushOf(id: string, { subject, body }: Entry): StoredPush {
  const bytes = Buffer.from(body);
  return {
    id,
    type: "custom_node.push",
    receivedAt: new Date(),
    method: "POST",
    url: "/",
    headers: { "content-type": "application/json" },
    body: bytes,
    sha256: createHash("sha256").update(bytes).digest("hex"),
    reserialised: false,
    verified: false,
    replay: undefined,
    subject,
    drift: 0,
    quarantined: false,
  };
}
