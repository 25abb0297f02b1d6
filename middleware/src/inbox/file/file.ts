import {
  type Content,
  type Entry,
  type Journal,
  type JournalError,
  type MarkHead,
  type NewHead,
  openJournal,
  type PushHead,
} from "../../journal/index.js";
import { warnOnce } from "../../observe/warn.js";
import { Worker } from "../../work/worker.js";
import {
  type Consumer,
  type DeadPush,
  type Inbox,
  type InboxEvents,
  type InboxState,
  Quarantined,
  type StoredPush,
} from "../inbox.js";
import { describeThrown } from "../message.js";
import { type Item, Ledger, Recovery } from "./ledger.js";
import { Opening } from "./opening.js";
import { checkFileInboxOptions, type FileInboxOptions } from "./options.js";
import { headOf, LostPush, storedOf } from "./records.js";
import { Sweeper } from "./sweeper.js";

/** So many waiting pushes are kept in memory; the others are read from disk when their turn comes. */
const MOST_IN_MEMORY = 1_000;
/** So many bytes of bodies, also of those being handled: parsed, a body may take twenty times as much. */
const MOST_BYTES_IN_MEMORY = 8 * 1024 * 1024;
/** What runs when another process has taken the folder over may go on for so long before the folder is opened again. */
const LEAVE_MS = 10_000;

/**
 * An inbox in a folder of this machine: a push is acknowledged when it is on disk (fdatasync), and handled afterwards: several subjects
 * at once, the pushes of one subject in order, failed ones again with growing waits, then kept as dead. After a crash, what was not done
 * is handled again.
 *
 * The folder has one writer at a time. Its files are journals, as the dev proxy reads them (`--journal ./airudder-inbox`).
 * @param dir the folder; made when it is not there
 * @throws AirudderError `invalid_option`
 * @example airudder({ inbox: fileInbox("./airudder-inbox", { concurrency: 8 }) })
 */
export function fileInbox(dir: string, options: FileInboxOptions = {}): Inbox {
  return new FileInbox(dir, checkFileInboxOptions(dir, options));
}

class FileInbox implements Inbox {
  readonly #opening: Opening;
  #worker: Worker<Item>;
  #ledger = new Ledger();
  #opened: Journal | undefined;
  #sweeper: Sweeper | undefined;
  readonly #retries = new Map<string, Promise<boolean>>();
  #consumer: Consumer | undefined;
  #events: InboxEvents | undefined;

  constructor(
    private readonly dir: string,
    private readonly options: Required<FileInboxOptions>,
  ) {
    this.#opening = new Opening(dir, () => this.#recover());
    this.#worker = this.#newWorker();
  }

  #newWorker(): Worker<Item> {
    const { concurrency, retries, timeoutMs, retryMs, mostRetryMs } = this.options;
    return new Worker<Item>({
      concurrency,
      retries,
      timeoutMs,
      backoff: { firstMs: retryMs, mostMs: mostRetryMs },
      prepare: (item) => (item.push === undefined ? this.#read(item) : undefined),
      run: (item, attempt) => this.#consumer?.(item.push as StoredPush, attempt),
      done: (item) => this.#mark(item, "done"),
      retrying: (item, error, delayMs) => {
        this.#mark(item, "failed", error);
        this.#ledger.release(item); // it may wait for long
        this.#events?.retrying(item, item.failures, error, delayMs);
      },
      dead: (item, error) => {
        this.#mark(item, error instanceof Quarantined ? "quarantined" : "dead", error);
        if (!(error instanceof Quarantined)) this.#events?.dead(item, item.failures, error);
      },
      isFinal: (error) => error instanceof Quarantined || error instanceof LostPush,
    });
  }

  consume(consumer: Consumer, events: InboxEvents): void {
    this.#consumer = consumer;
    this.#events = events;
    this.#opening.open().catch(warn);
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
    if (ledger.waiting <= MOST_IN_MEMORY && ledger.heldBytes + push.body.length <= MOST_BYTES_IN_MEMORY) {
      ledger.hold(item, push);
    }
    this.#worker.add(item);
  }

  async #recover(): Promise<Journal> {
    const recovery = new Recovery(({ subject, type, sha256, at }) => {
      this.#events?.recovered({ subject, type: type as StoredPush["type"], sha256, receivedAt: new Date(at) });
    });
    const { segmentBytes } = this.options;
    const onLost = (error: JournalError): void => this.#leave(error);
    const journal = await openJournal(this.dir, { segmentBytes, onEntry: recovery.take, onLost });
    this.#ledger = recovery.ledger;
    this.#sweeper = new Sweeper(journal, this.#ledger);
    for (const item of this.#ledger.live()) this.#worker.add(item);
    this.#sweeper.sweep();
    this.#opened = journal;
    return journal;
  }

  /** Another process has the folder: nothing of it is done here any more, and all is read afresh once the folder is free again. */
  #leave(error: JournalError): void {
    const journal = this.#opened;
    if (journal === undefined) return;
    warn(error);
    this.#opened = undefined;
    const stopped = Promise.all([this.#worker.stop(LEAVE_MS), this.#sweeper?.stop()]);
    const left = stopped
      .then(() => journal.close())
      .finally(() => {
        this.#worker = this.#newWorker();
      });
    this.#opening.leave(error, left);
  }

  /** What is damaged or removed is lost; a storage that is away comes back. */
  async #read(item: Item): Promise<void> {
    const journal = await this.#opening.open();
    const { id, place } = item;
    const { head, content } = await journal.read(place).catch((error: JournalError) => {
      const isThere = item.place !== place || journal.segments().some(({ segment }) => segment === place.segment);
      if (!isThere || error.cause instanceof SyntaxError) throw new LostPush(error.message, { cause: error });
      warnOnce("AIRUDDER_INBOX_UNREADABLE", `A stored push has to wait: ${error.message}`);
      throw error;
    });
    if (content === undefined) throw new LostPush(`The push ${id} has no body in ${this.dir}.`);
    this.#ledger.hold(item, storedOf(head as PushHead, content));
  }

  /** Writes down what became of a try. A mark that cannot be written costs a second handling after the next start, and no push. */
  #mark(item: Item, state: "done" | "failed" | DeadPush["state"], error?: unknown): void {
    if (state === "dead" || state === "quarantined") this.#ledger.bury(item, state, describeThrown(error));
    const mark: MarkHead = { kind: "mark", push: item.id, at: new Date().toISOString(), state };
    if (error !== undefined) Object.assign(mark, { attempt: item.failures, error: describeThrown(error) });
    const settle = (): void => {
      if (state !== "done") return;
      this.#ledger.close(item);
      this.#sweeper?.sweep();
    };
    this.#append(mark).then(settle, settle);
  }

  async close(limitMs: number): Promise<void> {
    await this.#worker.stop(limitMs);
    const journal = await this.#opening.close();
    await this.#sweeper?.stop();
    await journal?.close();
  }

  async dead(): Promise<readonly DeadPush[]> {
    await this.#opening.open();
    return this.#ledger.dead();
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
    const journal = await this.#opening.open();
    if (!this.#ledger.isDead(id)) return false;
    await journal.append({ kind: "mark", push: id, at: new Date().toISOString(), state: "retry" });
    const item = this.#ledger.revive(id);
    if (item === undefined) return false;
    this.#worker.add(item);
    return true;
  }

  state(): InboxState {
    return this.#ledger.state();
  }
}

function warn({ message }: JournalError): void {
  process.emitWarning(message, { code: "AIRUDDER_INBOX_UNAVAILABLE" });
}
