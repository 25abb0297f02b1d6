import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { JournalError } from "../../journal/index.js";
import { type LockFile, readLock } from "../../journal/lock-file.js";
import { heldTokens } from "../../journal/previous-owners.js";
import type { Consumed, Consumer, DeadPush, Inbox, InboxEvents, InboxState, StoredPush } from "../inbox.js";
import { Opener } from "./opener.js";
import { checkFileInboxOptions, type FileInboxOptions } from "./options.js";
import { Owner } from "./owner.js";
import { removeSocket } from "./socket/address.js";
import { Disconnected, OwnerClient } from "./socket/client.js";

/** Maximum time that a push waits for an owner to store it. */
const PUT_LIMIT_MS = 3_000;
/** Maximum time for which opening is retried while the owner starts or ends. */
const OPEN_LIMIT_MS = 3_000;
/** Delay before opening is retried. */
const OPEN_RETRY_MS = 25;
/** Delay before a process that handles no pushes takes a free folder. A process that handles pushes takes it first. */
const LEAVE_TO_CONSUMER_MS = 250;

const NEVER_ABORTED = new AbortController().signal;

/**
 * An inbox in a folder of this machine.
 *
 * - It acknowledges a push when it is on disk (fdatasync), and handles it afterwards.
 * - It handles subjects in parallel, and the pushes of one subject in order.
 * - It retries failed pushes with increasing delays, then keeps them as dead.
 * - After a crash it handles unfinished pushes again. Those that may have caused the crash run first, one at a time.
 *
 * Several processes of one app on one machine can use the folder, for example workers of PM2 or `node:cluster`. One of them owns it: it
 * stores and handles the pushes of all. The others send it their pushes through a socket (on Windows: a named pipe). When the owner ends,
 * another process becomes the owner. The folder must be on a local disk.
 *
 * The folder contains a journal, which the dev proxy can read (`--journal ./airudder-inbox`). While the inbox is open, it accepts request
 * files: `airudder-devproxy dead` writes them to retry or drop dead pushes.
 * @param dir the folder; created if it does not exist, resolved against the current directory when this is called
 * @throws AirudderError `invalid_option`
 * @example airudder({ inbox: fileInbox("./airudder-inbox", { concurrency: 8 }) })
 */
export function fileInbox(dir: string, options: FileInboxOptions = {}): Inbox {
  const checked = checkFileInboxOptions(dir, options);
  return new FileInbox(resolve(dir), checked);
}

/** An inbox that either owns its folder, or is a client of the process that does. */
class FileInbox implements Inbox {
  readonly capabilities = { shared: true };
  readonly #opener: Opener<Owner | OwnerClient>;
  /** Set while this process owns the folder. */
  #owner: Owner | undefined;
  /** Set while another process owns it. */
  #client: OwnerClient | undefined;
  #events!: InboxEvents;
  #consumer: Consumer | undefined;
  /** Whether the folder has been open. */
  #wasOpen = false;
  #isClosing = false;
  /** The pushes that are not stored yet and may need the next owner. */
  readonly #waiting = new Set<Promise<unknown>>();
  #lastState: InboxState = { open: false, queued: 0, oldest: undefined, dead: 0 };

  constructor(
    private readonly dir: string,
    private readonly options: Required<FileInboxOptions>,
  ) {
    this.#opener = new Opener(dir, () => this.#openFolder());
  }

  /** The receiver of the owner detects the duplicates of all processes. */
  get detectsDuplicates(): boolean {
    return this.#owner === undefined;
  }

  async open(events: InboxEvents): Promise<void> {
    this.#events = events;
    await this.#opener.open();
  }

  /** Connects to the owner, or becomes the owner if there is none. */
  async #openFolder(): Promise<Owner | OwnerClient> {
    const begun = performance.now();
    const leaveMs = this.#wasOpen && this.#consumer === undefined ? LEAVE_TO_CONSUMER_MS : 0;
    for (;;) {
      const owner = await this.#readLock();
      const client = owner && (await OwnerClient.connect(this.dir, owner, () => this.#openAgain()));
      if (owner !== undefined && client !== undefined) return this.#useClient(client, owner);
      const waited = performance.now() - begun;
      if (waited >= leaveMs) {
        try {
          return await this.#own(owner);
        } catch (error) {
          if (!(await this.#isLockedByOther(error)) || waited > OPEN_LIMIT_MS) throw error;
          if (this.#isClosing && this.#waiting.size === 0) throw error;
        }
      }
      await sleep(OPEN_RETRY_MS);
    }
  }

  async #readLock(): Promise<LockFile | undefined> {
    const lock = await readLock(join(this.dir, "lock")).catch(() => undefined);
    return typeof lock === "object" ? lock : undefined;
  }

  /** Whether another process owns the folder and takes the pushes of others, or has just released the folder. */
  async #isLockedByOther(error: unknown): Promise<boolean> {
    if (!(error instanceof JournalError)) return false;
    const lock = await this.#readLock();
    return lock === undefined ? error.code === "journal_locked" : lock.socket !== undefined;
  }

  #useClient(client: OwnerClient, { token }: LockFile): OwnerClient {
    if (heldTokens.has(token)) {
      const message = `Two receivers of this process use the inbox ${this.dir}: the handlers of the first one handle the pushes of both. Use another folder for each receiver.`;
      this.#events.warn?.("AIRUDDER_INBOX_USED_TWICE", message);
    }
    this.#wasOpen = true;
    this.#client = client;
    if (this.#consumer !== undefined) client.consume();
    return client;
  }

  /** @param previous the lock of the previous owner, if it did not release it */
  async #own(previous: LockFile | undefined): Promise<Owner> {
    this.#events.forget?.();
    const owner: Owner = await Owner.open(this.dir, this.options, {
      events: this.#events,
      onLost: (error) => this.#lose(owner, error),
      onConsumerConnected: () => this.#passOn(owner),
    });
    this.#wasOpen = true;
    this.#owner = owner;
    if (this.#consumer !== undefined && !this.#isClosing) owner.consume(this.#consumer);
    if (previous?.socket !== undefined) void removeSocket(this.dir, previous.socket);
    return owner;
  }

  /** Looks for the next owner after the connection to the previous one has closed. */
  #openAgain(): void {
    this.#keepState();
    this.#client = undefined;
    this.#opener.reopenAfter();
  }

  /** Passes the folder to a process that handles pushes. */
  #passOn(owner: Owner): void {
    if (this.#owner !== owner || this.#isClosing) return;
    this.#keepState();
    this.#owner = undefined;
    this.#opener.reopenAfter(owner.close(0));
  }

  /** Stops all work on the folder after another process has taken it over, and opens it again when that has ended. */
  #lose(owner: Owner, error: JournalError): void {
    if (this.#owner !== owner) return;
    this.#events.warn?.("AIRUDDER_INBOX_UNAVAILABLE", error.message);
    this.#keepState();
    this.#owner = undefined;
    this.#opener.rejectUntil(owner.abandon(), error);
  }

  consume(consumer: Consumer): void {
    this.#consumer = consumer;
    this.#owner?.consume(consumer);
    this.#client?.consume();
  }

  put(push: StoredPush): Promise<"stored" | "duplicate"> {
    if (this.#owner !== undefined) return this.#owner.put(push);
    const putting = this.#putAtNextOwner(push);
    this.#waiting.add(putting);
    const end = (): void => void this.#waiting.delete(putting);
    putting.then(end, end);
    return putting;
  }

  /** Stores a push in the folder of another process. If that process ends before it responds, sends the push to the next owner. */
  async #putAtNextOwner(push: StoredPush): Promise<"stored" | "duplicate"> {
    const deadline = performance.now() + PUT_LIMIT_MS;
    for (;;) {
      const opened = this.#client ?? (await this.#waitForOwner(deadline));
      if (opened instanceof Owner) return opened.accept(push, NEVER_ABORTED);
      try {
        return await opened.put(push, deadline - performance.now());
      } catch (error) {
        if (!(error instanceof Disconnected)) throw error;
      }
    }
  }

  async #waitForOwner(deadline: number): Promise<Owner | OwnerClient> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      const message = `No process has taken over the inbox ${this.dir} within ${PUT_LIMIT_MS} ms.`;
      const fail = (): void => reject(new JournalError("journal_locked", message));
      timer = setTimeout(fail, deadline - performance.now());
    });
    try {
      return await Promise.race([this.#opener.open(), late]);
    } finally {
      clearTimeout(timer);
    }
  }

  async replay(push: StoredPush): Promise<Consumed> {
    return (await this.#opener.open()).replay(push);
  }

  async dead(id?: string): Promise<readonly DeadPush[]> {
    return (await this.#opener.open()).dead(id);
  }

  async retry(id: string): Promise<boolean> {
    return (await this.#opener.open()).retry(id);
  }

  async drop(id: string): Promise<boolean> {
    return (await this.#opener.open()).drop(id);
  }

  #keepState(): void {
    this.#lastState = { ...this.state(), open: false };
  }

  /** The counts. In a process that is not the owner, they are about a second old. */
  state(): InboxState {
    return this.#owner?.state() ?? this.#client?.state() ?? this.#lastState;
  }

  async close(limitMs: number): Promise<void> {
    this.#isClosing = true;
    while (this.#waiting.size > 0) await Promise.allSettled(this.#waiting);
    const opened = await this.#opener.close();
    await opened?.close(limitMs);
    this.#keepState();
    this.#owner = undefined;
    this.#client = undefined;
  }
}
