/** What the reference model knows about a push. */
export interface Entry {
  /** Two ids if equal pushes were sent to two inboxes at once: one of them was stored. */
  readonly ids: readonly string[];
  readonly subject: string;
  readonly body: string;
  /** Position in the order of its subject. */
  rank: number;
  /** `unknown`: the request ended without a response. */
  stored: "unknown" | "yes";
  /** The previous push, if its bytes are the same and it is unknown whether it was stored. If it was, this push is its duplicate. */
  readonly alias: Entry | undefined;
  state: "waiting" | "handled" | "dead" | "dropped";
  /** Whether the storage certainly has this state. If not, the push may still be waiting. */
  isCertain: boolean;
  /** The worker that reported the state or the last failure, until it is certain that it was recorded. */
  reporter: object | undefined;
  /** Minimum number of failed attempts that are recorded. */
  minFailures: number;
  /** Number of failed attempts, if all are recorded. */
  failures: number;
  /** Number of attempts that may count as failed, because their worker crashed, closed or was frozen. */
  interruptions: number;
  /** Whether an attempt, or the record of its result, was interrupted. The push then runs alone. */
  wasInterrupted: boolean;
  /** Whether an uncertain run of the push has ended. The storage may have recorded its result. */
  mayHaveEnded: boolean;
  isRetry: boolean;
}

/** One run of a handler. */
export interface Run {
  readonly entry: Entry;
  readonly id: string;
  readonly attempt: number;
  readonly isRetry: boolean;
  readonly worker: object;
  /** Whether its result may be ignored, because its worker was cut off during the run or shortly before. */
  isUncertain: boolean;
}

/** The rules of an inbox that several workers share, as a model. It records each violation. */
export class Reference {
  readonly entries: Entry[] = [];
  readonly runs = new Set<Run>();
  readonly violations: string[] = [];
  /** For each subject: the bytes of the last push that was stored; `undefined`: not known. */
  readonly last = new Map<string, string | undefined>();
  readonly #byId = new Map<string, Entry>();
  readonly #trace: string[] = [];
  #rank = 0;
  step = 0;

  constructor(private readonly rules: { readonly hasOrder: boolean; readonly retries: number }) {}

  note(text: string): void {
    this.#trace.push(`${this.step} ${text}`);
  }

  violate(text: string, { subject }: Pick<Entry, "subject">): void {
    const trace = this.#trace.filter((line) => line.includes(` ${subject} `) || line.includes("worker")).slice(-40);
    this.violations.push(`step ${this.step}: ${text}; before it: ${trace.join(", ")}`);
  }

  /** Notes a push before it is sent. */
  send(ids: readonly string[], subject: string, body: string): Entry {
    const latest = this.of(subject).at(-1);
    const alias = latest?.stored === "unknown" && latest.body === body ? latest : undefined;
    const entry: Entry = {
      ids,
      subject,
      body,
      rank: ++this.#rank,
      stored: "unknown",
      alias,
      state: "waiting",
      isCertain: true,
      reporter: undefined,
      minFailures: 0,
      failures: 0,
      interruptions: 0,
      wasInterrupted: false,
      mayHaveEnded: false,
      isRetry: false,
    };
    this.entries.push(entry);
    for (const id of ids) this.#byId.set(id, entry);
    return entry;
  }

  /** Notes the responses to a push, one per id. */
  respond(entry: Entry, results: readonly string[]): void {
    const { subject, body, ids, alias } = entry;
    this.note(`put ${subject} ${body} ${results.join("+")}`);
    const isKnown = this.last.has(subject);
    const last = this.last.get(subject);
    const stored = results.filter((result) => result === "stored").length;
    if (stored > 1) this.violate(`${body} was stored ${stored} times`, entry);
    if (stored > 0 && isKnown && last === body) this.violate(`${body} is a duplicate and was stored`, entry);
    if (stored === 0 && (!isKnown || (last !== undefined && last !== body)))
      this.violate(`${body} was taken for a duplicate of ${last}: it is lost`, entry);
    this.last.set(subject, body);
    if (stored > 0) entry.stored = "yes";
    else {
      if (ids.some((id) => [...this.runs].some((run) => run.id === id)))
        this.violate(`${body} is a duplicate and was handled`, entry);
      this.forget(entry);
      // This push is its duplicate, so the earlier push was stored.
      if (alias !== undefined) alias.stored = "yes";
    }
  }

  /** Notes that a request ended without a response. */
  endWithoutResponse(entry: Entry): void {
    this.note(`put ${entry.subject} ${entry.body} without a response`);
    this.last.set(entry.subject, undefined);
  }

  forget(entry: Entry): void {
    this.entries.splice(this.entries.indexOf(entry), 1);
    for (const id of entry.ids) this.#byId.delete(id);
  }

  /** The pushes of a subject, in order. */
  of(subject: string): Entry[] {
    return this.entries.filter((entry) => entry.subject === subject).sort((a, b) => a.rank - b.rank);
  }

  /** Notes that a handler starts, and checks that it may. */
  start(id: string, run: Omit<Run, "entry" | "id">): Run | undefined {
    const entry = this.#byId.get(id);
    if (entry === undefined) {
      this.violations.push(`step ${this.step}: a handler got the push ${id}, which was never stored`);
      return undefined;
    }
    const started: Run = { entry, id, ...run };
    this.note(`start ${entry.subject} ${entry.body} attempt ${run.attempt}${run.isUncertain ? " (uncertain)" : ""}`);
    const rivals = [...this.runs].filter((other) => {
      const isRival = other.entry === entry || (this.rules.hasOrder && other.entry.subject === entry.subject);
      return isRival && !other.isUncertain;
    });
    this.runs.add(started);
    // The worker was cut off. It may start a push that it took before, while another worker handles this push.
    if (run.isUncertain) {
      entry.wasInterrupted = true;
      entry.interruptions++;
    }
    if (run.isUncertain && (rivals.length > 0 || entry.state !== "waiting")) return started;
    entry.stored = "yes";
    this.#checkStart(started, rivals);
    return started;
  }

  #checkStart(run: Run, rivals: readonly Run[]): void {
    const { entry, attempt, isRetry } = run;
    const { subject, body } = entry;
    if (entry.state === "dropped") this.violate(`${body} was dropped and runs`, entry);
    else if (entry.state !== "waiting" && entry.isCertain)
      this.violate(`${body} is ${entry.state} and runs again`, entry);
    entry.state = "waiting";
    entry.isCertain = true;
    if (rivals.some((other) => other.entry === entry)) this.violate(`${body} runs twice at once`, entry);
    const max = entry.failures + entry.interruptions + 1;
    if (!run.isUncertain && (attempt <= entry.minFailures || attempt > max))
      this.violate(`${body} runs with attempt ${attempt}, expected ${entry.minFailures + 1} to ${max}`, entry);
    if (attempt === 1 && isRetry !== entry.isRetry)
      this.violate(`${body} runs with isRetry ${isRetry}, expected ${entry.isRetry}`, entry);
    if (run.isUncertain) entry.failures = Math.max(entry.failures, attempt - 1);
    else
      Object.assign(entry, { minFailures: attempt - 1, failures: attempt - 1, interruptions: 0, mayHaveEnded: false });
    if (!this.rules.hasOrder) return;
    const other = rivals.find((each) => each.entry !== entry);
    if (other !== undefined) this.violate(`${body} runs while ${other.entry.body} of its subject runs`, entry);
    for (const earlier of this.of(subject)) {
      if (earlier.rank >= entry.rank || earlier.state === "dropped") continue;
      if (earlier.state === "waiting") {
        if (this.mustRun(earlier)) this.violate(`${body} runs before ${earlier.body}, which arrived earlier`, entry);
      } else if (earlier.isCertain) earlier.reporter = undefined;
    }
  }

  /** Whether a push has to be handled: it is stored, and certainly neither finished nor dead. */
  mustRun(entry: Entry): boolean {
    const { state, stored, alias, failures, interruptions, mayHaveEnded } = entry;
    if (state !== "waiting" || stored === "unknown" || mayHaveEnded) return false;
    if (alias !== undefined && alias.stored === "yes") return false;
    return failures + interruptions <= this.rules.retries;
  }

  /** Notes that a handler ended. */
  end(run: Run, result: "handled" | "failed"): void {
    const { entry, attempt, worker } = run;
    if (!this.runs.delete(run)) return;
    this.note(`${result} ${entry.subject} ${entry.body} attempt ${attempt}${run.isUncertain ? " (uncertain)" : ""}`);
    const isOvertaken = [...this.runs].some((other) => other.entry === entry) || entry.state !== "waiting";
    entry.mayHaveEnded ||= run.isUncertain;
    if (run.isUncertain && (isOvertaken || attempt < entry.failures)) return;
    if (result === "failed") {
      entry.failures = attempt;
      if (!run.isUncertain) entry.minFailures = attempt;
      if (attempt > this.rules.retries) entry.state = "dead";
    } else entry.state = "handled";
    entry.isCertain = !run.isUncertain || entry.state === "waiting";
    entry.reporter = worker;
  }

  /** Notes that a worker crashed, closes, or is cut off. Its reports may not be recorded, and the pushes that it runs may run again. */
  loseWorker(worker: object): void {
    for (const run of this.runs) {
      if (run.worker !== worker || run.isUncertain) continue;
      run.isUncertain = true;
      run.entry.interruptions++;
      run.entry.wasInterrupted = true;
    }
    const running = new Set([...this.runs].filter((run) => !run.isUncertain).map(({ entry }) => entry));
    for (const entry of this.entries) {
      // The worker may have taken a push without having started its handler. If the push runs alone, the storage has counted the attempt.
      if (entry.state === "waiting" && !running.has(entry)) {
        if (entry.wasInterrupted) entry.interruptions++;
        entry.wasInterrupted = true;
      }
      if (entry.reporter !== worker) continue;
      entry.reporter = undefined;
      entry.wasInterrupted = true;
      entry.interruptions++;
      entry.minFailures = Math.max(0, entry.minFailures - 1);
      if (entry.state === "handled" || entry.state === "dead") entry.isCertain = false;
    }
  }

  /** Notes which pushes the storage has as unfinished, after the reports of the workers were recorded. */
  confirm(unfinished: ReadonlySet<string>): void {
    for (const entry of this.entries) {
      if (entry.reporter === undefined) continue;
      if (entry.state === "waiting" || !entry.ids.some((id) => unfinished.has(id))) entry.reporter = undefined;
    }
  }

  /** Whether the storage has not yet recorded an end that is certain. */
  isUnrecorded(entry: Entry, unfinished: ReadonlySet<string>): boolean {
    const hasEnded = entry.state === "handled" || entry.state === "dead";
    return hasEnded && entry.isCertain && entry.ids.some((id) => unfinished.has(id));
  }

  /** Notes that a dead push is retried. Returns a function that undoes it. */
  retry(entry: Entry): () => void {
    const before = { ...entry };
    Object.assign(entry, { state: "waiting", isCertain: true, rank: ++this.#rank, isRetry: true });
    Object.assign(entry, { reporter: undefined, minFailures: 0, failures: 0, interruptions: 0, mayHaveEnded: false });
    return () => Object.assign(entry, before);
  }
}
