import { type ConnectionOptions, type IRedisClient, Queue } from "bullmq";
import { describeThrown } from "../observe/describe-error.js";
import { type BullmqInboxSettings, isClient } from "./options.js";
import { TimeLimit } from "./time-limit.js";

/** Maximum delay between two attempts to connect. BullMQ's default is 20 s, which would prolong every outage. */
const MAX_RECONNECT_MS = 1_000;
/** Time without data from Redis, while commands wait for it, after which the connection is reopened. Milliseconds. */
const SOCKET_TIMEOUT_MS = 10_000;
/** How long `close` and `responds` wait for Redis. Milliseconds. */
const CLOSE_LIMIT_MS = 500;

/** The queue and its Redis client, ready for commands. */
export interface Connected {
  readonly queue: Queue;
  readonly client: IRedisClient;
}

/** An operation that waits for the connection. */
interface Waiter {
  resolve(connected: Connected): void;
  reject(error: Error): void;
}

/**
 * The connection of a queue. Sends commands only while it is open. During an outage, ioredis would queue commands: pushes would fill the
 * memory, and ioredis would store them after the response 503.
 */
export class QueueConnection {
  #queue: Queue | undefined;
  #client: IRedisClient | undefined;
  readonly #waiters = new Set<Waiter>();
  #isClosed = false;
  /** Whether an operation has reached its time limit, and Redis has not responded since. */
  #isStuck = false;
  /** The last error since the connection was open. */
  #lastError: Error | undefined;

  /** @param onError called for each error of the connection */
  constructor(
    private readonly settings: BullmqInboxSettings,
    private readonly onError: (error: Error) => void,
  ) {}

  /** Whether commands can be sent now. */
  get isLive(): boolean {
    return this.#client !== undefined && isReady(this.#client) && !this.#isStuck;
  }

  /** Whether Redis responds now. */
  async responds(): Promise<boolean> {
    const check = this.run(CLOSE_LIMIT_MS, ({ queue, client }) => client.get(queue.toKey("airudder-check")));
    return check.then(
      () => true,
      () => false,
    );
  }

  /** Resolves when commands can be sent. Rejects at the limit, or immediately if Redis does not respond to earlier commands. */
  whenLive(limit: TimeLimit): Promise<Connected> {
    // A new connection would keep the process running.
    if (this.#isClosed) return Promise.reject(new Error("The inbox is closed."));
    this.#start();
    const connected = this.#connected();
    if (connected !== undefined) {
      return this.#isStuck ? Promise.reject(limit.error()) : Promise.resolve(connected);
    }
    return new Promise((resolve, reject) => {
      const end = (): void => {
        clearTimeout(timer);
        this.#waiters.delete(waiter);
      };
      const waiter: Waiter = {
        resolve: (value) => {
          end();
          resolve(value);
        },
        reject: (error) => {
          end();
          reject(error);
        },
      };
      const timer = setTimeout(() => waiter.reject(limit.error()), limit.leftMs);
      this.#waiters.add(waiter);
    });
  }

  /** Settles like `operation`, or rejects at the limit. After the limit, `isLive` is false until Redis responds. */
  async within<T>(limit: TimeLimit, operation: Promise<T>): Promise<T> {
    const responds = (): void => {
      this.#isStuck = false;
    };
    operation.then(responds, responds);
    try {
      return await limit.race(operation);
    } catch (error) {
      if (limit.isOver) this.#isStuck = true;
      throw error;
    }
  }

  /** Connects, and runs an operation, both within a time limit. */
  async run<T>(limitMs: number, operation: (connected: Connected) => Promise<T>): Promise<T> {
    const limit = this.limit(limitMs);
    const connected = await this.whenLive(limit);
    return this.within(limit, operation(connected));
  }

  /** A time limit for an operation. Its error names the last error of the connection. */
  limit(limitMs: number): TimeLimit {
    return new TimeLimit(limitMs, () => {
      const reason = this.#lastError === undefined ? "." : `: ${describeThrown(this.#lastError)}`;
      return `Redis did not respond within ${limitMs} ms (queue ${this.settings.queue})${reason}`;
    });
  }

  #connected(): Connected | undefined {
    const queue = this.#queue;
    const client = this.#client;
    return queue !== undefined && client !== undefined && isReady(client) ? { queue, client } : undefined;
  }

  #start(): void {
    if (this.#queue !== undefined) return;
    const { queue: name, prefix, connection } = this.settings;
    const options = isClient(connection)
      ? connection
      : { socketTimeout: SOCKET_TIMEOUT_MS, ...withDefaults(connection) };
    const queue = new Queue(name, { connection: options, prefix });
    this.#queue = queue;
    queue.on("error", (error) => {
      this.#lastError = error;
      this.onError(error);
    });
    queue.getBackend().client.then(
      (client) => {
        if (this.#queue !== queue) return;
        this.#client = client;
        client.on("ready", this.#onReady);
        this.#onReady();
      },
      (error: Error) => this.#startFailed(queue, error),
    );
  }

  /** BullMQ does not recover from a failed start, such as a rejected password. The next operation starts again. */
  #startFailed(queue: Queue, error: Error): void {
    queue.close().catch(this.onError);
    if (this.#queue !== queue) return;
    this.#queue = undefined;
    for (const waiter of this.#waiters) waiter.reject(error);
  }

  readonly #onReady = (): void => {
    this.#isStuck = false;
    this.#lastError = undefined;
    const connected = this.#connected();
    if (connected === undefined) return;
    for (const waiter of this.#waiters) waiter.resolve(connected);
  };

  /** Closes the connection. A client that the app passed stays open. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const queue = this.#queue;
    const client = this.#client;
    this.#queue = undefined;
    this.#client = undefined;
    client?.off("ready", this.#onReady);
    for (const waiter of this.#waiters) waiter.reject(new Error("The inbox is closed."));
    if (queue === undefined) return;
    await this.limit(CLOSE_LIMIT_MS)
      .race(queue.close())
      .catch(() => {
        if (!isClient(this.settings.connection)) client?.disconnect();
      });
  }
}

function isReady({ status, isCluster }: IRedisClient): boolean {
  return status === "ready" || (isCluster && status === "connect");
}

/** Options of ioredis with the defaults that this inbox needs. */
export function withDefaults(connection: ConnectionOptions): ConnectionOptions {
  return {
    retryStrategy: (attempt: number) => Math.min(attempt * 100, MAX_RECONNECT_MS),
    // After a failover, the old primary may be a replica, and its address may belong to another server.
    reconnectOnError: ({ message }: Error) => message.includes("READONLY"),
    ...connection,
  };
}
