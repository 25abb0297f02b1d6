import { resolve } from "node:path";
import { AirudderError } from "../../errors.js";
import {
  type Content,
  type Entry,
  type Journal,
  type JournalError,
  type MarkHead,
  type NewHead,
  type OwnerRequest,
  openJournal,
  type PushHead,
  type RequestResult,
} from "../../journal/index.js";
import { describeThrown } from "../../observe/describe-error.js";
import { backoffMs } from "../../work/backoff.js";
import { Worker } from "../../work/scheduler.js";
import {
  type Consumed,
  type Consumer,
  consumedOf,
  type DeadPush,
  type Inbox,
  type InboxEvents,
  type InboxState,
  Quarantined,
  type RecoveredPush,
  type StoredPush,
} from "../inbox.js";
import { ABORTED, INTERRUPTED, ProcessEnded, suspectsOf } from "./crash.js";
import { JournalOpener } from "./journal-opener.js";
import { checkFileInboxOptions, type FileInboxOptions } from "./options.js";
import { headOf, LostPush, storedOf } from "./records.js";
import { Replay } from "./replay.js";
import { Requests } from "./requests.js";
import { SegmentCleaner } from "./segment-cleaner.js";
import { Recovery, type UnfinishedPush, UnfinishedPushes } from "./unfinished.js";

/** Maximum number of waiting pushes in memory; the others are read from disk before they are handled. */
const MAX_IN_MEMORY = 1_000;
/** Maximum bytes of bodies in memory, including those being handled. A parsed body may take twenty times its size. */
const MAX_BYTES_IN_MEMORY = 8 * 1024 * 1024;
/** What runs when another process has taken the folder over may go on for so long before the folder is opened again. */
const LEAVE_MS = 10_000;

/**
 * An inbox in a folder of this machine. It acknowledges a push when it is on disk (fdatasync), and handles it afterwards: several subjects
 * in parallel, pushes of one subject in order. It retries failed pushes with increasing delays, then keeps them as dead. After a crash,
 * unfinished pushes are handled again. Those that may have caused the crash run first, one at a time.
 *
 * The folder has one writer at a time. Its files are journals, as the dev proxy reads them (`--journal ./airudder-inbox`). While the
 * inbox is open, it accepts request files: `airudder-devproxy dead` writes them to retry or drop dead pushes.
 * @param dir the folder; created if it does not exist, resolved against the current directory when this is called
 * @throws AirudderError `invalid_option`
 * @example airudder({ inbox: fileInbox("./airudder-inbox", { concurrency: 8 }) })
 */
export function fileInbox(dir: string, options: FileInboxOptions = {}): Inbox {
  const checked = checkFileInboxOptions(dir, options);
  return new FileInbox(resolve(dir), checked);
}

class FileInbox implements Inbox {
  readonly #opening: JournalOpener;
  #worker: Worker<UnfinishedPush | Replay, unknown>;
  #ledger = new UnfinishedPushes();
  #opened: Journal | undefined;
  #sweeper: SegmentCleaner | undefined;
  #requests: Requests | undefined;
  readonly #retries = new Map<string, Promise<boolean>>();
  readonly #replays = new Set<Replay>();
  #consumer: Consumer | undefined;
  #events: InboxEvents | undefined;
  /** Recovered pushes, until there is a listener to report them to. */
  #recovered: RecoveredPush[] = [];

  constructor(
    private readonly dir: string,
    private readonly options: Required<FileInboxOptions>,
  ) {
    this.#opening = new JournalOpener(dir, () => this.#recover());
    this.#worker = this.#newWorker();
  }

  #newWorker(): Worker<UnfinishedPush | Replay, unknown> {
    const { concurrency, retries, timeoutMs, retryMs, maxRetryMs } = this.options;
    const worker = new Worker<UnfinishedPush | Replay, unknown>({
      concurrency,
      retries,
      timeoutMs,
      backoff: { firstMs: retryMs, maxMs: maxRetryMs },
      hold: (job) => (job instanceof Replay ? undefined : this.#events?.handlerOf?.(job)),
      prepare: (job, alone) => (job instanceof Replay ? undefined : this.#prepare(job, alone)),
      run: (job, attempt) => {
        if (job instanceof Replay && !job.begin()) return "ignored";
        if (!(job instanceof Replay)) attempt.isRetry = job.isRetry;
        return (this.#consumer as Consumer)(job.push as StoredPush, attempt);
      },
      done: (job, result) => {
        const consumed = consumedOf(result);
        return job instanceof Replay ? job.resolve(consumed) : this.#mark(job, consumed);
      },
      retrying: (job, error, delayMs) => {
        if (job instanceof Replay) return undefined;
        this.#ledger.fail(job, job.failures, describeThrown(error));
        this.#ledger.release(job); // it may wait for long
        this.#events?.failed(job, job.failures, error, delayMs);
        return this.#mark(job, "failed", error);
      },
      dead: (job, error) => (job instanceof Replay ? job.reject(error) : this.#bury(job, error)),
      isFinal: (error, job) => job instanceof Replay || error instanceof Quarantined || error instanceof LostPush,
    });
    if (this.#consumer !== undefined) worker.start();
    return worker;
  }

  consume(consumer: Consumer, events: InboxEvents): void {
    this.#consumer = consumer;
    this.#events = events;
    for (const push of this.#recovered.splice(0)) events.recovered(push);
    this.#worker.start();
    this.#opening.open().catch((error) => this.#warn(error));
  }

  async ready(): Promise<void> {
    await this.#opening.open();
  }

  put(push: StoredPush): Promise<void> {
    const content = { headers: push.headers, body: push.body };
    return this.#append(headOf(push), content).then((entry) => this.#take(entry, push));
  }

  #append(head: NewHead, content?: Content): Promise<Entry> {
    const journal = this.#opened;
    return journal === undefined
      ? this.#opening.open().then((opened) => opened.append(head, content))
      : journal.append(head, content);
  }

  #take({ head, place }: Entry, push: StoredPush): void {
    const ledger = this.#ledger;
    const item = ledger.open(head as PushHead, place, push.receivedAt);
    if (ledger.waiting <= MAX_IN_MEMORY && ledger.heldBytes + push.body.length <= MAX_BYTES_IN_MEMORY) {
      ledger.hold(item, push);
    }
    this.#worker.add(item);
  }

  /** Handles a replay after the earlier pushes of its subject. Waits for them at most `timeoutMs`. */
  async replay(push: StoredPush): Promise<Consumed> {
    await this.#opening.open();
    const replay = new Replay(push, this.options.timeoutMs);
    this.#replays.add(replay);
    this.#worker.add(replay);
    try {
      return await replay.settled;
    } finally {
      this.#replays.delete(replay);
    }
  }

  #cancelReplays(): void {
    const error = new AirudderError("busy", "The receiver is closing; replay the push later.");
    for (const replay of this.#replays) replay.reject(error);
  }

  async #recover(): Promise<Journal> {
    const recovery = new Recovery((head) => this.#report(head));
    const { segmentBytes, concurrency, retries } = this.options;
    const onLost = (error: JournalError): void => this.#leave(error);
    const journal = await openJournal(this.dir, {
      segmentBytes,
      onEntry: recovery.take,
      onLost,
      onDamage: ({ segment, offset, reason }) => {
        const where = `segment ${segment} at byte ${offset}`;
        this.#events?.warn?.(
          "AIRUDDER_INBOX_DAMAGED",
          `A line of the inbox ${this.dir} is damaged (${where}: ${reason}). Its push or mark is skipped; its file is kept.`,
        );
      },
      onWarning: (_, message) => this.#events?.warn?.("AIRUDDER_INBOX", message),
    });
    this.#opened = journal;
    this.#ledger = recovery.ledger;
    this.#sweeper = new SegmentCleaner(journal, this.#ledger);
    const live = this.#ledger.live();
    const suspects = suspectsOf(live, journal.crashes, concurrency);
    for (const item of live) {
      if (item.error === INTERRUPTED && item.failures > retries) void this.#bury(item, new ProcessEnded());
      else if (!suspects.has(item)) this.#worker.add(item);
      else if (item.error !== INTERRUPTED) this.#worker.add(item, { alone: true });
      else this.#runAgain(item);
    }
    this.#sweeper.clean();
    this.#requests = new Requests(this.dir, {
      carryOut: (action, id) => this.#carryOut(action, id),
      rejected: (reason) =>
        this.#events?.warn?.(
          "AIRUDDER_INBOX_REQUEST",
          `A request of another process to the inbox ${this.dir} was rejected: ${reason}`,
        ),
    });
    return journal;
  }

  #report({ subject, type, sha256, at }: PushHead): void {
    const push = { subject, type: type as StoredPush["type"], sha256, receivedAt: new Date(at) };
    if (this.#events === undefined) this.#recovered.push(push);
    else this.#events.recovered(push);
  }

  /** Another process has the folder: stops all work on it, and reads it again when it is free. */
  #leave(error: JournalError): void {
    const journal = this.#opened;
    if (journal === undefined) return;
    this.#warn(error);
    this.#opened = undefined;
    this.#cancelReplays();
    const stopped = Promise.all([this.#worker.stop(LEAVE_MS), this.#sweeper?.stop(), this.#requests?.stop()]);
    const left = stopped
      .then(() => journal.close())
      .finally(() => {
        this.#worker = this.#newWorker();
      });
    this.#opening.leave(error, left);
  }

  /**
   * Reads the push, unless it is in memory. An attempt that runs alone is recorded as failed before it starts. If the process ends during
   * the attempt, that record remains.
   */
  #prepare(item: UnfinishedPush, alone: boolean): void | Promise<void> {
    if (!alone) return item.push === undefined ? this.#read(item) : undefined;
    return this.#prepareAlone(item);
  }

  async #prepareAlone(item: UnfinishedPush): Promise<void> {
    if (item.push === undefined) await this.#read(item);
    this.#ledger.fail(item, item.failures, INTERRUPTED);
    const failed = markOf(item, "failed", item.failures + 1, INTERRUPTED);
    // If the disk is full, go on: only finished pushes free space.
    await this.#append(failed).catch(() => undefined);
  }

  /** What is damaged or removed is lost; a storage that is away comes back. */
  async #read(item: UnfinishedPush): Promise<void> {
    const journal = await this.#opening.open();
    const { id, place } = item;
    const { head, content } = await journal.read(place).catch((error: JournalError) => {
      const isThere = item.place !== place || journal.segments().some(({ segment }) => segment === place.segment);
      if (!isThere || error.cause instanceof SyntaxError) throw new LostPush(error.message, { cause: error });
      this.#events?.warn?.(
        "AIRUDDER_INBOX_UNREADABLE",
        `A stored push cannot be read yet; the inbox retries: ${error.message}`,
      );
      throw error;
    });
    if (content === undefined) throw new LostPush(`The push ${id} has no body in ${this.dir}.`);
    this.#ledger.hold(item, storedOf(head as PushHead, content));
  }

  /** A process that dies shortly after its start, whatever it handles, must not count against a push again and again: hence the wait. */
  #runAgain(item: UnfinishedPush): void {
    const { retryMs, maxRetryMs, retries } = this.options;
    const { id, type, failures } = item;
    const delayMs = backoffMs(failures, { firstMs: retryMs, maxMs: maxRetryMs });
    this.#worker.add(item, { alone: true, delayMs });
    const attempts = `attempt ${failures} of ${retries + 1}`;
    this.#events?.warn?.(
      "AIRUDDER_PROCESS_ENDED",
      `The process ended while the push ${id} of type ${type} ran alone (${attempts}). It runs alone again in ${delayMs} ms.`,
    );
  }

  /** An attempt that was aborted at the end may be what ends the process. One that ran alone counts as failed already. */
  async #noteAborted(item: UnfinishedPush): Promise<void> {
    if (item.error === INTERRUPTED) return;
    await this.#append(markOf(item, "failed", item.failures, ABORTED)).catch(() => undefined);
  }

  #bury(item: UnfinishedPush, error: unknown): Promise<void> {
    const state = error instanceof Quarantined ? "quarantined" : "dead";
    this.#ledger.bury(item, state, describeThrown(error));
    if (state === "dead") this.#events?.dead(item, item.failures, error);
    return this.#mark(item, state, error);
  }

  #mark(item: UnfinishedPush, state: Consumed | "failed" | DeadPush["state"], error?: unknown): Promise<void> {
    const mark = error === undefined ? markOf(item, state) : markOf(item, state, item.failures, describeThrown(error));
    const settle = (): void => {
      if (state !== "handled" && state !== "ignored") return;
      this.#ledger.close(item, state);
      this.#sweeper?.clean();
    };
    return this.#append(mark).then(settle, settle);
  }

  async close(limitMs: number): Promise<void> {
    const aborted = await this.#worker.stop(limitMs);
    this.#cancelReplays();
    await Promise.all(aborted.map((job) => job instanceof Replay || this.#noteAborted(job)));
    const journal = await this.#opening.close();
    await Promise.all([this.#sweeper?.stop(), this.#requests?.stop()]);
    await journal?.close();
    this.#opened = undefined;
  }

  async dead(id?: string): Promise<readonly DeadPush[]> {
    await this.#opening.open();
    return this.#ledger.dead(id);
  }

  /** Two retries of one push at a time are one. */
  retry(id: string): Promise<boolean> {
    const known = this.#retries.get(id);
    if (known !== undefined) return known;
    const retry = this.#retry(id).finally(() => this.#retries.delete(id));
    this.#retries.set(id, retry);
    return retry;
  }

  async #retry(id: string): Promise<boolean> {
    if (!(await this.#markDead(id, "retry"))) return false;
    const item = this.#ledger.revive(id);
    if (item === undefined) return false;
    this.#worker.add(item);
    return true;
  }

  async drop(id: string): Promise<boolean> {
    await this.#retries.get(id)?.catch(() => false);
    if (!(await this.#markDead(id, "dropped"))) return false;
    const isDropped = this.#ledger.drop(id);
    this.#sweeper?.clean();
    return isDropped;
  }

  /** Retries or drops a push for another process. */
  async #carryOut(action: OwnerRequest["action"], id: string): Promise<RequestResult> {
    try {
      const isRetry = action === "retry";
      const retry = this.#events?.retry ?? ((each: string) => this.retry(each));
      if (!(await (isRetry ? retry(id) : this.drop(id)))) return { id, result: "not_found" };
      return { id, result: isRetry ? "retried" : "dropped" };
    } catch (error) {
      if (error instanceof AirudderError && error.code === "no_handler") return { id, result: "no_handler" };
      return { id, result: "failed", error: describeThrown(error) };
    }
  }

  /** Writes a mark for a dead push. Returns `false` if there is none with this id. */
  async #markDead(id: string, state: "retry" | "dropped"): Promise<boolean> {
    const journal = await this.#opening.open();
    if (!this.#ledger.isDead(id)) return false;
    await journal.append(markOf({ id }, state));
    return true;
  }

  state(): InboxState {
    return { open: this.#opened !== undefined, ...this.#ledger.state() };
  }

  #warn({ message }: JournalError): void {
    this.#events?.warn?.("AIRUDDER_INBOX_UNAVAILABLE", message);
  }
}

function markOf({ id }: { readonly id: string }, state: string, attempt?: number, error?: string): MarkHead {
  const mark: MarkHead = { kind: "mark", push: id, at: new Date().toISOString(), state };
  if (attempt !== undefined) mark.attempt = attempt;
  if (error !== undefined) mark.error = error;
  return mark;
}
