import { AirudderError } from "../../errors.js";
import type {
  Journal,
  JournalError,
  MarkHead,
  OwnerRequest,
  PushHead,
  RecordEntry,
  RequestResult,
} from "../../journal/index.js";
import type { LockSocket } from "../../journal/lock-file.js";
import { openWithSocket } from "../../journal/open.js";
import { describeThrown } from "../../observe/describe-error.js";
import { type NextRun, type Run, Scheduler } from "../../work/scheduler.js";
import { type AttemptResult, Attempts, retryDelayMs } from "../attempts.js";
import type { Consumed, Consumer, DeadPush, InboxEvents, InboxState, StoredPush } from "../inbox.js";
import { ABORTED, INTERRUPTED, ProcessEnded, suspectsOf } from "./crash.js";
import type { FileInboxOptions } from "./options.js";
import { RecentIds } from "./recent-ids.js";
import { headOf, LostPush, storedOf } from "./records.js";
import { Replay } from "./replay.js";
import { Requests } from "./requests.js";
import { SegmentCleaner } from "./segment-cleaner.js";
import { OwnerServer } from "./socket/server.js";
import { Recovery, type UnfinishedPush, type UnfinishedPushes } from "./unfinished.js";

/** Maximum number of queued pushes in memory; the others are read from disk before they are handled. */
const MAX_IN_MEMORY = 1_000;
/** Maximum bytes of bodies in memory, including those being handled. A parsed body may take twenty times its size. */
const MAX_BYTES_IN_MEMORY = 8 * 1024 * 1024;

/** What an {@link Owner} needs from its process. */
export interface OwnerHost {
  readonly events: InboxEvents;
  /** Another process has taken over the folder. Call `abandon`. */
  onLost(error: JournalError): void;
  /** A process that handles pushes has connected, and this one handles none. Close the owner. */
  onConsumerConnected(): void;
}

/** Time limit of running attempts after another process has taken over the folder. */
const TAKEOVER_LIMIT_MS = 10_000;

/** The inbox in the process that owns the folder: it stores the pushes of all processes, and handles them. */
export class Owner {
  readonly #scheduler: Scheduler<UnfinishedPush | Replay>;
  readonly #requests: Requests;
  readonly #cleaner: SegmentCleaner;
  readonly #events: InboxEvents;
  /** The pushes of other processes that are being stored, by id. */
  readonly #storing = new Map<string, Promise<"stored">>();
  /** The running calls of `retry`, by push id. */
  readonly #runningRetries = new Map<string, Promise<boolean>>();
  readonly #replays = new Set<Replay>();
  #attempts: Attempts | undefined;

  private constructor(
    private readonly dir: string,
    private readonly options: Required<FileInboxOptions>,
    host: OwnerHost,
    private readonly journal: Journal,
    private readonly pushes: UnfinishedPushes,
    private readonly recentIds: RecentIds,
    private readonly server: OwnerServer | undefined,
  ) {
    this.#events = host.events;
    this.#scheduler = new Scheduler<UnfinishedPush | Replay>({
      concurrency: options.concurrency,
      hold: (job) => (job instanceof Replay ? undefined : this.#events.waitForHandler?.(job)),
      run: (job, run) => (job instanceof Replay ? this.#runReplay(job) : this.#run(job, run)),
    });
    this.#cleaner = new SegmentCleaner(journal, pushes);
    this.#schedule(pushes.queued());
    this.#cleaner.clean();
    this.#requests = new Requests(dir, {
      execute: (action, id) => this.#execute(action, id),
      rejected: (reason) =>
        this.#events.warn?.(
          "AIRUDDER_INBOX_REQUEST",
          `A request of another process to the inbox ${dir} was rejected: ${reason}`,
        ),
    });
    server?.serve({
      accept: (push, signal) => this.accept(push, signal),
      replay: (push) => this.replay(push),
      dead: (id) => this.dead(id),
      retry: (id) => this.#retryForOther(id),
      drop: (id) => this.drop(id),
      state: () => this.state(),
      consumerConnected: () => {
        if (this.#attempts === undefined) host.onConsumerConnected();
      },
    });
  }

  /**
   * Takes the lock of the folder, reads its pushes, and accepts the pushes of the other processes.
   * @throws JournalError
   */
  static async open(dir: string, options: Required<FileInboxOptions>, host: OwnerHost): Promise<Owner> {
    const { events } = host;
    const recentIds = new RecentIds();
    let server: OwnerServer | undefined;
    const listen = async (): Promise<LockSocket | undefined> => {
      server = await OwnerServer.listen(dir).catch((error) => {
        const reason = `Other processes of this machine cannot use the inbox ${dir}: ${(error as Error).message}`;
        events.warn?.("AIRUDDER_INBOX_NOT_SHARED", reason);
        return undefined;
      });
      return server?.socket;
    };
    let owner: Owner | undefined;
    const recovery = new Recovery(({ id, subject, type, sha256, at }) => {
      recentIds.add(id);
      events.recovered({ subject, type: type as StoredPush["type"], sha256, receivedAt: new Date(at) });
    });
    try {
      const journal = await openWithSocket(
        dir,
        {
          segmentBytes: options.segmentBytes,
          onRecord: recovery.addEntry,
          onLost: (error) => owner !== undefined && host.onLost(error),
          onDamage: ({ segment, offset, reason }) => {
            const where = `segment ${segment} at byte ${offset}`;
            events.warn?.(
              "AIRUDDER_INBOX_DAMAGED",
              `A record of the inbox ${dir} is damaged (${where}: ${reason}). The record is skipped; the file of the segment is kept.`,
            );
          },
          onWarning: (_, message) => events.warn?.("AIRUDDER_INBOX", message),
        },
        listen,
      );
      owner = new Owner(dir, options, host, journal, recovery.pushes, recentIds, server);
      return owner;
    } catch (error) {
      await server?.close();
      throw error;
    }
  }

  /** Adds the pushes of earlier processes. */
  #schedule(queued: readonly UnfinishedPush[]): void {
    const { concurrency, retries } = this.options;
    const suspects = suspectsOf(queued, this.journal.crashes, concurrency);
    for (const push of queued) {
      if (push.error === INTERRUPTED && push.failures > retries) void this.#giveUp(push, new ProcessEnded());
      else if (!suspects.has(push)) this.#scheduler.add(push);
      else if (push.error !== INTERRUPTED) this.#scheduler.add(push, { isExclusive: true });
      else this.#addInterrupted(push);
    }
  }

  consume(consumer: Consumer): void {
    this.#attempts = new Attempts(consumer, this.#events, this.options);
    this.#scheduler.start();
  }

  /** Stores a push that this process received. */
  put(push: StoredPush): Promise<"stored"> {
    const content = { headers: push.headers, body: push.body };
    return this.journal.append(headOf(push), content).then((entry) => this.#add(entry, push));
  }

  /**
   * Stores a push that another process received, unless it is a duplicate. If the connection was lost before the response, the push arrives
   * again with the same id.
   * @param signal aborted when that process no longer waits for the result
   */
  async accept(push: StoredPush, signal: AbortSignal): Promise<"stored" | "duplicate"> {
    if (this.recentIds.has(push.id)) return "stored";
    const put = (): Promise<"stored"> => this.#storing.get(push.id) ?? this.#storeOnce(push);
    return this.#events.accept === undefined ? put() : this.#events.accept(push, put, signal);
  }

  #storeOnce(push: StoredPush): Promise<"stored"> {
    const storing = this.put(push)
      .then((result) => {
        this.recentIds.add(push.id);
        return result;
      })
      .finally(() => this.#storing.delete(push.id));
    this.#storing.set(push.id, storing);
    return storing;
  }

  #add({ head, location }: RecordEntry, push: StoredPush): "stored" {
    const { pushes } = this;
    const added = pushes.add(head as PushHead, location, push.receivedAt);
    if (pushes.queuedCount <= MAX_IN_MEMORY && pushes.bytesInMemory + push.body.length <= MAX_BYTES_IN_MEMORY) {
      pushes.load(added, push);
    }
    this.#scheduler.add(added);
    return "stored";
  }

  /** Makes one attempt. Reads the push first, unless it is in memory. */
  #run(push: UnfinishedPush, run: Run): NextRun | Promise<NextRun> {
    return run.isExclusive || push.stored === undefined ? this.#prepareAndAttempt(push, run) : this.#attempt(push);
  }

  async #prepareAndAttempt(push: UnfinishedPush, run: Run): Promise<NextRun> {
    try {
      if (push.stored === undefined) await this.#read(push);
      if (run.isExclusive) await this.#markAlone(push);
    } catch (error) {
      return this.#endUnreadable(push, error, run);
    }
    push.failedReads = 0;
    return run.isAbandoned ? {} : this.#attempt(push);
  }

  #attempt(push: UnfinishedPush): NextRun | Promise<NextRun> {
    const number = push.failures + 1;
    const { stored, isRetry } = push;
    return (this.#attempts as Attempts).run(stored as StoredPush, { number, isRetry }, (result) =>
      this.#record(push, number, result),
    );
  }

  #record(push: UnfinishedPush, attempt: number, result: AttemptResult): NextRun {
    switch (result.state) {
      case "handled":
      case "ignored":
        return { recorded: this.#mark(push, result.state) };
      case "failed":
        this.pushes.fail(push, attempt, result.message);
        this.pushes.unload(push); // the delay may be long
        return { delayMs: result.delayMs, recorded: this.#mark(push, "failed", result.message) };
      case "dead":
      case "quarantined":
        push.failures = attempt;
        return { recorded: this.#markDead(push, result.state, result.message) };
      case "aborted":
        return {};
    }
  }

  /** Marks a lost push as dead without an attempt. After any other error, which may be temporary, the push is read again later. */
  #endUnreadable(push: UnfinishedPush, error: unknown, { isExclusive }: Run): NextRun {
    if (!(error instanceof LostPush)) {
      push.failedReads++;
      return { delayMs: retryDelayMs(push.failedReads, this.options), isExclusive };
    }
    return { recorded: this.#giveUp(push, error) };
  }

  /** Handles a replay after the earlier pushes of its subject. Rejects with `busy` if the replay has not started after `timeoutMs`. */
  async replay(push: StoredPush): Promise<Consumed> {
    const replay = new Replay(push, this.options.timeoutMs);
    this.#replays.add(replay);
    this.#scheduler.add(replay);
    try {
      return await replay.settled;
    } finally {
      this.#replays.delete(replay);
    }
  }

  async #runReplay(replay: Replay): Promise<NextRun> {
    if (!replay.begin()) return {};
    await (this.#attempts as Attempts).replay(replay.push).then(
      (result) => replay.resolve(result),
      (error) => replay.reject(error),
    );
    return {};
  }

  #cancelReplays(): void {
    const error = new AirudderError("busy", "The receiver is closing; replay the push later.");
    for (const replay of this.#replays) replay.reject(error);
  }

  /** Ends all work on the folder after another process has taken it over. Resolves when no handler runs any more. */
  async abandon(): Promise<void> {
    this.#cancelReplays();
    const closed = this.server?.close();
    const handling = this.#scheduler.stop(TAKEOVER_LIMIT_MS).then(() => this.#attempts?.abort());
    await Promise.all([closed, handling, this.#cleaner.stop(), this.#requests.stop()]);
    await this.journal.close();
  }

  /** Records an attempt that runs alone as failed before it starts. If the process ends during the attempt, this is the push's last mark. */
  async #markAlone(push: UnfinishedPush): Promise<void> {
    this.pushes.fail(push, push.failures, INTERRUPTED);
    const failed = markOf(push, "failed", push.failures + 1, INTERRUPTED);
    // If the disk is full, go on: only finished pushes free space.
    await this.journal.append(failed).catch(() => undefined);
  }

  /** @throws LostPush if the record is damaged or its segment was dropped, so that no later read can succeed */
  async #read(push: UnfinishedPush): Promise<void> {
    const { journal } = this;
    const { id, location } = push;
    const { head, content } = await journal.read(location).catch((error: JournalError) => {
      const exists =
        push.location !== location || journal.segments().some(({ segment }) => segment === location.segment);
      if (!exists || error.cause instanceof SyntaxError) throw new LostPush(error.message, { cause: error });
      this.#events.warn?.(
        "AIRUDDER_INBOX_UNREADABLE",
        `A stored push could not be read; the inbox will retry: ${error.message}`,
      );
      throw error;
    });
    if (content === undefined) throw new LostPush(`The push ${id} has no body in ${this.dir}.`);
    this.pushes.load(push, storedOf(head as PushHead, content));
  }

  /**
   * Adds a push whose last attempt ran alone and did not end. The push waits before the next attempt. If the process ends during this wait,
   * the push is not the cause, and the owner records no further failure for it.
   */
  #addInterrupted(push: UnfinishedPush): void {
    const { id, type, failures } = push;
    const delayMs = retryDelayMs(failures, this.options);
    this.#scheduler.add(push, { isExclusive: true, delayMs });
    const attempts = `attempt ${failures} of ${this.options.retries + 1}`;
    this.#events.warn?.(
      "AIRUDDER_PROCESS_ENDED",
      `The process ended while the push ${id} of type ${type} ran alone (${attempts}). It runs alone again in ${delayMs} ms.`,
    );
  }

  /** Marks a push that cannot be attempted again as dead, and reports it. */
  #giveUp(push: UnfinishedPush, error: Error): Promise<void> {
    const recorded = this.#markDead(push, "dead", describeThrown(error));
    this.#events.dead(push, push.failures, error);
    return recorded;
  }

  #markDead(push: UnfinishedPush, state: DeadPush["state"], message: string): Promise<void> {
    this.pushes.markDead(push, state, message);
    return this.#mark(push, state, message);
  }

  /** @param message the error; with an error, the mark also contains the number of failed attempts */
  #mark(push: UnfinishedPush, state: Consumed | "failed" | DeadPush["state"], message?: string): Promise<void> {
    const mark = message === undefined ? markOf(push, state) : markOf(push, state, push.failures, message);
    const settle = (): void => {
      if (state !== "handled" && state !== "ignored") return;
      this.pushes.finish(push, state);
      this.#cleaner.clean();
    };
    return this.journal.append(mark).then(settle, settle);
  }

  /**
   * Starts no more attempts, and waits at most `limitMs` for running ones. Stores the pushes of other processes meanwhile. Then releases the
   * folder.
   */
  async close(limitMs: number): Promise<void> {
    await this.#scheduler.stop(limitMs);
    this.#cancelReplays();
    const aborted = this.#attempts?.abort() ?? [];
    await Promise.all(aborted.map(({ id }) => this.#markAborted(id)));
    await Promise.all([this.#cleaner.stop(), this.#requests.stop()]);
    await this.server?.drain();
    await this.journal.close();
    await this.server?.close();
  }

  /** Marks an aborted push, so that it runs alone after the next start. An attempt that ran alone is already marked as failed. */
  async #markAborted(id: string): Promise<void> {
    const push = this.pushes.get(id);
    if (push === undefined || push.error === INTERRUPTED) return;
    await this.journal.append(markOf(push, "failed", push.failures, ABORTED)).catch(() => undefined);
  }

  async dead(id?: string): Promise<readonly DeadPush[]> {
    return this.pushes.dead(id);
  }

  /** Parallel calls for one push share one retry. */
  retry(id: string): Promise<boolean> {
    const known = this.#runningRetries.get(id);
    if (known !== undefined) return known;
    const retry = this.#retry(id).finally(() => this.#runningRetries.delete(id));
    this.#runningRetries.set(id, retry);
    return retry;
  }

  async #retry(id: string): Promise<boolean> {
    if (!(await this.#appendToDead(id, "retry"))) return false;
    const push = this.pushes.retry(id);
    if (push === undefined) return false;
    this.#scheduler.add(push);
    return true;
  }

  async drop(id: string): Promise<boolean> {
    await this.#runningRetries.get(id)?.catch(() => false);
    if (!(await this.#appendToDead(id, "dropped"))) return false;
    const isDropped = this.pushes.drop(id);
    this.#cleaner.clean();
    return isDropped;
  }

  /** Retries a push for another process. Rejects with `no_handler` if the receiver of this process has no handler for it. */
  #retryForOther(id: string): Promise<boolean> {
    return this.#events.retry === undefined ? this.retry(id) : this.#events.retry(id);
  }

  /** Retries or drops a push for another process. */
  async #execute(action: OwnerRequest["action"], id: string): Promise<RequestResult> {
    try {
      const isRetry = action === "retry";
      if (!(await (isRetry ? this.#retryForOther(id) : this.drop(id)))) return { id, result: "not_found" };
      return { id, result: isRetry ? "retried" : "dropped" };
    } catch (error) {
      if (error instanceof AirudderError && error.code === "no_handler") return { id, result: "no_handler" };
      return { id, result: "failed", error: describeThrown(error) };
    }
  }

  /** Appends a mark to a dead push. Returns `false` if there is none with this id. */
  async #appendToDead(id: string, state: "retry" | "dropped"): Promise<boolean> {
    if (!this.pushes.isDead(id)) return false;
    await this.journal.append(markOf({ id }, state));
    return true;
  }

  state(): InboxState {
    return { open: true, ...this.pushes.state() };
  }
}

function markOf({ id }: { readonly id: string }, state: string, attempt?: number, error?: string): MarkHead {
  const mark: MarkHead = { kind: "mark", push: id, at: new Date().toISOString(), state };
  if (attempt !== undefined) mark.attempt = attempt;
  if (error !== undefined) mark.error = error;
  return mark;
}
