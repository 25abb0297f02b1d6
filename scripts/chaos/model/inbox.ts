import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type RecordEntry, readJournal, segmentPath } from "airudder-webhooks/journal";
import { Child, type Compiled } from "../../child.js";
import type { ModelAppOptions, ModelPush, ModelResponse } from "./inbox-app.js";
import { Random } from "./random.js";

const SUBJECTS = ["a", "b", "c", "d", "e"];
const STATES = ["idle", "busy", "slow", "retried", "dead"];
const HOUR_MS = 3_600_000;

/** Relative frequency of each kind of step. */
const WEIGHTS = {
  push: 400,
  burst: 20,
  clock: 8,
  drop: 3,
  retry: 3,
  drain: 4,
  kill: 5,
  close: 2,
  takeover: 2,
  damage: 2,
};
type Step = keyof typeof WEIGHTS;
export type Weights = Record<Step, number>;

/** A push that was acknowledged. */
interface Acknowledged {
  readonly id: string;
  readonly subject: string;
  readonly state: string;
  /** Position in the order of all acknowledgements. */
  readonly order: number;
}

/** Result of a run. */
export interface ModelReport {
  readonly steps: number;
  readonly acknowledged: number;
  readonly processes: number;
  readonly violations: readonly string[];
}

/**
 * Checks the file inbox against a reference model. Runs random sequences of pushes, failing handlers, kills, clean closes, takeovers from a
 * suspended process, clock steps and damaged lines. The invariants:
 *
 * - Each acknowledged push is finally handled or dead: only once, unless its process was killed, and in the order of its subject.
 * - Only a byte-identical copy of a subject's last push is a duplicate.
 * - A damaged line is kept.
 * @param script the compiled `inbox-app.ts`
 */
export async function runInboxModel(
  script: Compiled,
  { seed, steps, weights = {} }: { seed: number; steps: number; weights?: Partial<Weights> },
): Promise<ModelReport> {
  const model = new InboxModel(script, seed, { ...WEIGHTS, ...weights });
  try {
    return await model.run(steps);
  } finally {
    await model.end();
  }
}

class InboxModel {
  readonly #random: Random;
  readonly #folder = mkdtempSync(join(memoryFolder(), "airudder-model-"));
  readonly #dir = join(this.#folder, "inbox");
  readonly #log = join(this.#folder, "log");
  readonly #acknowledged = new Map<string, Acknowledged>();
  /** State of each subject's last acknowledged push; `undefined` if a push without a response may be the last one. */
  readonly #last = new Map<string, string | undefined>();
  readonly #dropped = new Set<string>();
  readonly #retried = new Set<string>();
  /** Pushes with a damaged line: they may be lost or handled again. */
  readonly #damaged = new Set<string>();
  readonly #damagedLines: { readonly line: string; readonly id: string; readonly isBody: boolean }[] = [];
  /** Numbers of the processes that did not end with `close()`. */
  readonly #crashed = new Set<number>();
  readonly #violations: string[] = [];
  readonly #trace: string[] = [];
  #processNumber = 0;
  #clockMs = 0;
  #app: Child | undefined;
  #suspended: Child | undefined;

  constructor(
    private readonly script: Compiled,
    private readonly seed: number,
    private readonly weights: Weights,
  ) {
    this.#random = new Random(seed);
  }

  async run(steps: number): Promise<ModelReport> {
    await this.#start();
    let step = 0;
    for (; step < steps && this.#violations.length === 0; step++) {
      const kind = this.#random.weighted(this.weights);
      if (kind !== "push") this.#trace.push(`${step} ${kind}`);
      await this.#execute(kind);
    }
    await this.#checkInvariants();
    const where = `seed ${this.seed}, after ${step} steps (${this.#trace.slice(-25).join(", ")})`;
    return {
      steps: step,
      acknowledged: this.#acknowledged.size,
      processes: this.#processNumber,
      violations: this.#violations.map((text) => `${where}: ${text}`),
    };
  }

  async end(): Promise<void> {
    await this.#suspended?.kill();
    await this.#app?.kill();
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 5 });
  }

  get #running(): Child {
    return this.#app as Child;
  }

  async #start(): Promise<void> {
    const options: ModelAppOptions = {
      dir: this.#dir,
      log: this.#log,
      processNumber: ++this.#processNumber,
      clockMs: this.#clockMs,
    };
    const { child } = await Child.start(this.script, [JSON.stringify(options)]);
    this.#app = child;
    const error = await child.invoke<string>("ready");
    if (error !== "") this.#violations.push(`process ${this.#processNumber} did not open the inbox: ${error}`);
  }

  async #execute(kind: Step): Promise<void> {
    const random = this.#random;
    if (kind === "push") return this.#push(this.#running, [this.#newPush()]);
    if (kind === "burst")
      return this.#push(
        this.#running,
        Array.from({ length: 10 }, () => this.#newPush()),
      );
    if (kind === "clock") {
      // A large step, or a small one backwards, so that the same timestamps occur again.
      if (random.next() < 0.3) this.#clockMs = (random.next() - 0.5) * 2 * 24 * HOUR_MS;
      else this.#clockMs -= random.next() * 20;
      await this.#running.invoke("clock", this.#clockMs);
    } else if (kind === "drain") await this.#drain();
    else if (kind === "drop" || kind === "retry") await this.#dropOrRetry(kind);
    else if (kind === "takeover") await this.#takeOver();
    else {
      await this.#restart(kind);
    }
  }

  #newPush(): ModelPush {
    return { subject: this.#random.pick(SUBJECTS), state: this.#random.pick(STATES) };
  }

  async #push(app: Child, pushes: ModelPush[]): Promise<void> {
    const responses = await app.invoke<ModelResponse[]>("push", pushes);
    for (const [i, { status, id, duplicate }] of responses.entries()) {
      const { subject, state } = pushes[i] as ModelPush;
      if (status !== 200 || id === undefined) {
        this.#violations.push(`${subject} ${state} got the response ${status}`);
        continue;
      }
      const last = this.#last.get(subject);
      if (duplicate) {
        if (this.#last.has(subject) && last !== state && last !== undefined)
          this.#violations.push(`${subject} ${state} was treated as a duplicate of ${last}: it is lost`);
        continue;
      }
      if (this.#acknowledged.has(id)) this.#violations.push(`the id ${id} was assigned twice`);
      this.#acknowledged.set(id, { id, subject, state, order: this.#acknowledged.size });
      this.#last.set(subject, state);
    }
  }

  async #drain(): Promise<string[]> {
    const { left, dead } = await this.#running.invoke<{ left: number; dead: string[] }>("drain");
    if (left > 0) this.#violations.push(`${left} pushes are never finished`);
    return dead;
  }

  async #dropOrRetry(kind: "drop" | "retry"): Promise<void> {
    const dead = await this.#running.invoke<string[]>("dead");
    if (dead.length === 0) return;
    const id = this.#random.pick(dead);
    const done = await this.#running.invoke<boolean>(kind, id);
    if (done) (kind === "drop" ? this.#dropped : this.#retried).add(id);
  }

  async #restart(kind: "kill" | "close" | "damage"): Promise<void> {
    const app = this.#running;
    if (kind === "close") await app.invoke("close");
    else {
      this.#crashed.add(this.#processNumber);
      // Killed while requests are open: it is unknown whether their pushes are stored.
      const pushes = Array.from({ length: 5 }, () => this.#newPush());
      for (const { subject } of pushes) this.#last.set(subject, undefined);
      app.invoke("push", pushes).catch(() => undefined);
      await new Promise((resolve) => setTimeout(resolve, this.#random.next() * 4));
    }
    await app.kill();
    if (kind === "damage") await this.#damage();
    await this.#start();
  }

  /** A new process takes over from a suspended one, which later continues. POSIX only: signals. */
  async #takeOver(): Promise<void> {
    if (process.platform === "win32") return;
    const old = this.#running;
    const oldProcessNumber = this.#processNumber;
    const pushes = Array.from({ length: 6 }, () => this.#newPush());
    for (const { subject } of pushes) this.#last.set(subject, undefined);
    const pending = old.invoke<ModelResponse[]>("push", pushes).catch(() => []);
    await new Promise((resolve) => setTimeout(resolve, this.#random.next() * 4));
    this.#suspended = old;
    this.#crashed.add(oldProcessNumber);
    old.process.kill("SIGSTOP");
    await this.#start();
    await this.#push(this.#running, [this.#newPush(), this.#newPush()]);
    old.process.kill("SIGCONT");
    const [, responses] = await Promise.all([
      this.#push(this.#running, [this.#newPush(), this.#newPush(), this.#newPush()]),
      pending,
    ]);
    for (const [i, { status, id, duplicate }] of responses.entries()) {
      const { subject, state } = pushes[i] as ModelPush;
      // Acknowledged before or after the takeover: it must not be lost, but its position in the order is unknown.
      if (status === 200 && id !== undefined && !duplicate) {
        this.#acknowledged.set(id, { id, subject, state, order: Number.NaN });
      }
    }
    for (const { subject } of pushes) this.#last.set(subject, undefined);
    await old.kill();
    this.#suspended = undefined;
  }

  /** Changes one byte in the middle of a file, as a bad disk does. */
  async #damage(): Promise<void> {
    const entries: RecordEntry[] = [];
    await readJournal(this.#dir, { onRecord: (entry) => entries.push(entry) });
    const newest = entries.at(-1)?.location.segment;
    const candidates = entries.filter(({ location }) => location.segment !== newest);
    if (candidates.length === 0) return;
    const { head, location } = this.#random.pick(candidates);
    const path = segmentPath(this.#dir, location.segment);
    const bytes = readFileSync(path);
    const line = bytes.toString("latin1", location.offset, location.offset + location.length);
    const isPush = head.kind === "push";
    const id = isPush ? head.id : head.push;
    const offset = 1 + this.#random.below(line.length - 2);
    const damaged = `${line.slice(0, offset)}\u0001${line.slice(offset + 1)}`;
    bytes.write(damaged, location.offset, "latin1");
    writeFileSync(path, bytes);
    this.#damaged.add(id);
    const isBody = isPush && offset >= line.indexOf(',"headers":');
    this.#damagedLines.push({ line: damaged, id, isBody });
    // The damaged line may be its subject's last push.
    for (const subject of SUBJECTS) this.#last.set(subject, undefined);
  }

  async #checkInvariants(): Promise<void> {
    const app = this.#running;
    const dead = new Set(await this.#drain());
    await app.invoke("close");
    await app.kill();
    const done = new Map<string, { processNumber: number; at: number }[]>();
    for (const [at, line] of readFileSync(this.#log, "utf8").split("\n").slice(0, -1).entries()) {
      const [processNumber = "", , id = ""] = line.split(" ");
      done.set(id, [...(done.get(id) ?? []), { processNumber: Number(processNumber), at }]);
    }
    for (const { id, subject, state } of this.#acknowledged.values()) {
      const runs = done.get(id) ?? [];
      if (this.#damaged.has(id)) continue;
      if (runs.length === 0 && !dead.has(id) && !this.#dropped.has(id))
        this.#violations.push(`${subject} ${state} (${id}) was acknowledged and is lost`);
      if (
        this.#dropped.has(id) &&
        runs.some(({ processNumber }) => processNumber === this.#processNumber) &&
        runs.length > 1
      )
        this.#violations.push(`${id} was dropped and handled afterwards`);
      if (isHandledTooOften(runs, this.#crashed))
        this.#violations.push(
          `${subject} ${state} (${id}) was handled in processes ${runs.map(({ processNumber }) => processNumber).join(", ")}`,
        );
    }
    this.#checkOrder(done);
    this.#checkDamage(done, dead);
  }

  #checkOrder(done: ReadonlyMap<string, readonly { at: number }[]>): void {
    const latest = new Map<string, { at: number; id: string }>();
    for (const { id, subject, state, order } of this.#acknowledged.values()) {
      const first = done.get(id)?.[0];
      // The order is not defined for dead pushes that were retried by hand, nor for pushes acknowledged during a takeover.
      if (first === undefined || state === "dead" || this.#retried.has(id) || Number.isNaN(order)) continue;
      const before = latest.get(subject);
      if (before !== undefined && before.at > first.at && !this.#damaged.has(id) && !this.#damaged.has(before.id))
        this.#violations.push(`${id} of ${subject} was handled before ${before.id}, which arrived earlier`);
      latest.set(subject, { at: Math.max(first.at, before?.at ?? 0), id });
    }
  }

  /** A damaged body is only detected when it is read, so not after the push is finished or dead. */
  #checkDamage(done: ReadonlyMap<string, unknown>, dead: ReadonlySet<string>): void {
    const texts = readdirSync(this.#dir).flatMap((name) => {
      const path = join(this.#dir, name);
      return statSync(path).isFile() ? [readFileSync(path, "utf8")] : [];
    });
    const gone = this.#damagedLines.filter(
      ({ line, id, isBody }) =>
        !(isBody && (done.has(id) || dead.has(id) || this.#dropped.has(id))) &&
        !texts.some((text) => text.includes(line)),
    );
    if (gone.length > 0)
      this.#violations.push(`${gone.length} of ${this.#damagedLines.length} damaged lines were deleted`);
  }
}

/**
 * Whether a push was handled too often: twice by one process, or by two processes that both ended with `close()`. A suspended process may finish a
 * handler after its successor has.
 */
function isHandledTooOften(runs: readonly { processNumber: number }[], crashed: ReadonlySet<number>): boolean {
  return runs.slice(1).some(({ processNumber }, i) => {
    const before = runs[i] as { processNumber: number };
    return processNumber === before.processNumber || !(crashed.has(processNumber) || crashed.has(before.processNumber));
  });
}

/** A folder in memory if there is one, so that syncs cost nothing. The model tests the order of writes, not the disk. */
function memoryFolder(): string {
  try {
    return statSync("/dev/shm").isDirectory() ? "/dev/shm" : tmpdir();
  } catch {
    return tmpdir();
  }
}
