import { connect } from "node:net";
import { AirudderError } from "../../../errors.js";
import { folderIdOf } from "../../../journal/folder.js";
import { JournalError } from "../../../journal/index.js";
import type { LockFile } from "../../../journal/lock-file.js";
import type { Consumed, DeadPush, InboxState, StoredPush } from "../../inbox.js";
import { Connection } from "./connection.js";
import { type Frame, MAX_BODY_BYTES } from "./frames.js";
import {
  decodeError,
  decodeState,
  type Hello,
  MESSAGES_VERSION,
  type OwnerMessage,
  pushFields,
  type Request,
  type Response,
  type SentState,
} from "./messages.js";

/** Time limit for the owner's first message. */
const HELLO_LIMIT_MS = 1_000;
/** Time limit of a request that needs no handler. After it, the owner is presumed suspended. */
const RESPONSE_LIMIT_MS = 3_000;
/** Interval at which the time limits are checked. */
const CHECK_MS = 250;
/** Number of checks between two requests for the counts, which also show whether the owner responds. */
const CHECKS_PER_STATE = 4;

/** The connection closed before the owner responded. It is unknown whether the request was executed. */
export class Disconnected extends Error {
  override readonly name = "Disconnected";

  constructor() {
    super("The process that owns the inbox ended before it responded. It is unknown whether it executed the request.");
  }
}

/** A request without a response. */
interface PendingRequest {
  resolve(value: unknown): void;
  reject(error: Error): void;
  /** By the monotonic clock. Milliseconds. */
  readonly deadline: number;
}

/** A connection to the process that owns the folder. */
export class OwnerClient {
  /** The requests without a response, by number, in the order in which they were sent. */
  readonly #pending = new Map<number, PendingRequest>();
  readonly #timer: NodeJS.Timeout;
  /** Called when the connection closes, unless this process closes it. */
  #onClosed: (() => void) | undefined;
  #connection!: Connection;
  /** Called when no request waits for a response. */
  #onIdle: (() => void) | undefined;
  #isGreeted = false;
  #sent = 0;
  #checks = 0;
  #isLate = false;
  #isClosed = false;
  #state: InboxState = { open: true, queued: 0, oldest: undefined, dead: 0 };

  private constructor(
    private readonly dir: string,
    private readonly owner: LockFile,
  ) {
    this.#timer = setInterval(() => this.#check(), CHECK_MS).unref();
  }

  /**
   * Connects to the owner that a lock names. Resolves when the owner's journal is open; with `undefined` if nobody listens or responds.
   * @param onClosed called when the connection closes, unless this process closes it
   * @throws JournalError `journal_locked` if the owner has another version of the messages
   */
  static async connect(dir: string, owner: LockFile, onClosed: () => void): Promise<OwnerClient | undefined> {
    const { socket: address } = owner;
    if (address === undefined) return undefined;
    const client = new OwnerClient(dir, owner);
    const opened = await new Promise<boolean | Error>((resolve) => {
      const timer = setTimeout(() => resolve(false), HELLO_LIMIT_MS);
      const socket = connect({ path: address.path });
      const onFrame = ({ head }: Frame): void => {
        const { version, opened } = Object(head) as OwnerMessage;
        if (version === MESSAGES_VERSION) {
          client.#isGreeted = true;
          clearTimeout(timer);
        } else if (version !== undefined) resolve(client.#otherVersion(version));
        else if (opened === true) resolve(true);
        else client.#receive(head as Response);
      };
      const onClose = (): void => {
        clearTimeout(timer);
        resolve(false);
        client.#end();
      };
      client.#connection = new Connection(socket, { onFrame, onClose });
      client.#connection.send({
        version: MESSAGES_VERSION,
        key: address.key,
        folder: folderIdOf(dir),
      } satisfies Hello);
    });
    if (opened === true) await client.#updateState();
    if (opened !== true || client.#isClosed) {
      client.#disconnect();
      if (opened instanceof Error) throw opened;
      return undefined;
    }
    client.#onClosed = onClosed;
    client.#connection.keepProcessRunning(false);
    return client;
  }

  #otherVersion(version: number): JournalError {
    const { pid, host } = this.owner;
    const message = `The inbox ${this.dir} is in use by process ${pid} on ${host}, which has another version of airudder-webhooks (messages ${version}, this one ${MESSAGES_VERSION}). Stop that process, or install the same version.`;
    return new JournalError("journal_locked", message, { owner: { pid, host } });
  }

  /** Stores a push. Rejects with {@link Disconnected} if it is unknown whether the owner has stored it. */
  put(push: StoredPush, limitMs: number): Promise<"stored" | "duplicate"> {
    return this.#request({ operation: "put", ...pushFields(push) }, limitMs, push.body);
  }

  /** Rejects with `busy` if the connection closes, because the result is then unknown. */
  replay(push: StoredPush): Promise<Consumed> {
    const request = this.#request<Consumed>({ operation: "replay", ...pushFields(push) }, Infinity, push.body);
    return request.catch((error) => {
      if (!(error instanceof Disconnected)) throw error;
      throw new AirudderError("busy", "The process that handles the pushes ended. Replay the push again.");
    });
  }

  dead(id?: string): Promise<readonly DeadPush[]> {
    const dead = this.#request<(DeadPush & { receivedAt: string })[]>({ operation: "dead", push: id });
    return dead.then((pushes) => pushes.map((push) => ({ ...push, receivedAt: new Date(push.receivedAt) })));
  }

  retry(id: string): Promise<boolean> {
    return this.#request({ operation: "retry", push: id });
  }

  drop(id: string): Promise<boolean> {
    return this.#request({ operation: "drop", push: id });
  }

  /** Tells the owner that this process handles pushes. */
  consume(): void {
    this.#request({ operation: "consume" }).catch(() => undefined);
  }

  /** The counts of about a second ago. */
  state(): InboxState {
    return this.#state;
  }

  /** Waits at most `limitMs` for the responses to requests, then closes the connection. */
  async close(limitMs: number): Promise<void> {
    if (this.#pending.size > 0) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, limitMs);
        this.#onIdle = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    this.#disconnect();
  }

  #disconnect(): void {
    this.#onClosed = undefined;
    this.#connection.destroy();
    this.#end();
  }

  async #updateState(): Promise<void> {
    const state = this.#request<SentState>({ operation: "state" });
    await state.then(
      (sent) => {
        this.#state = decodeState(sent);
      },
      () => undefined,
    );
  }

  #request<T>(request: Omit<Request, "number">, limitMs = RESPONSE_LIMIT_MS, body?: Buffer): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.#isClosed) {
        reject(new Disconnected());
        return;
      }
      if (body !== undefined && body.length > MAX_BODY_BYTES) {
        reject(new Error(`The body is larger than ${MAX_BODY_BYTES} bytes.`));
        return;
      }
      const number = ++this.#sent;
      const pending = {
        resolve: resolve as (value: unknown) => void,
        reject,
        deadline: performance.now() + limitMs,
      };
      if (this.#pending.size === 0) this.#connection.keepProcessRunning(true);
      this.#pending.set(number, pending);
      this.#connection.send({ number, ...request }, body);
    });
  }

  /** @throws Error if the owner's message is not a response */
  #receive({ number, value, error }: Response): void {
    const pending = this.#pending.get(number);
    if (pending === undefined) throw new Error("The message is not a response.");
    this.#pending.delete(number);
    if (this.#pending.size === 0) {
      this.#connection.keepProcessRunning(false);
      this.#onIdle?.();
    }
    if (error === undefined) pending.resolve(value);
    else pending.reject(decodeError(error));
  }

  #check(): void {
    const now = performance.now();
    const isLate = [...this.#pending.values()].some(({ deadline }) => deadline < now);
    // Check twice: if this process was suspended, the response may have arrived without being read.
    if (isLate && this.#isLate) this.#connection.destroy();
    this.#isLate = isLate;
    if (!isLate && this.#checks++ % CHECKS_PER_STATE === 0 && this.#isGreeted) void this.#updateState();
  }

  /** Rejects the requests without a response. */
  #end(): void {
    clearInterval(this.#timer);
    this.#isClosed = true;
    const now = performance.now();
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    this.#onClosed?.();
    this.#onClosed = undefined;
    this.#onIdle?.();
    for (const { deadline, reject } of pending) reject(deadline < now ? this.#noResponse() : new Disconnected());
  }

  #noResponse(): JournalError {
    const { pid, host } = this.owner;
    const message = `The process ${pid}, which owns the inbox ${this.dir}, did not respond in time.`;
    return new JournalError("journal_locked", message, { owner: { pid, host } });
  }
}
