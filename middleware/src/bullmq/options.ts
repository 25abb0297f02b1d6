import type { ConnectionOptions } from "bullmq";
import { AirudderError } from "../errors.js";

/** Options of {@link bullmqInbox}. `queue` and `connection` are required. */
export interface BullmqInboxOptions {
  /** Name of the queue. Use it for pushes only. All processes with the same queue, prefix and Redis share one inbox. */
  queue: string;
  /**
   * Redis: options of ioredis such as `{ host: "127.0.0.1", port: 6379 }` or `{ url: "redis://127.0.0.1:6379" }`, or a client that BullMQ
   * supports. An ioredis client needs `maxRetriesPerRequest: null`. You close a client that you pass.
   */
  connection: ConnectionOptions;
  /** Prefix of all keys of the queue. Redis Cluster needs one in braces, such as `{airudder}`. Default `bull`, as in BullMQ. */
  prefix?: string;
  /** Maximum number of pushes that this process handles in parallel. Default 16. */
  concurrency?: number;
  /** Maximum number of retries after the first attempt; then the push is dead. Default 5. */
  retries?: number;
  /** Time limit of one attempt. Milliseconds; default 60,000. */
  timeoutMs?: number;
  /** Delay before the first retry; each further delay is twice as long. Milliseconds; default 1,000. */
  retryMs?: number;
  /** Maximum delay between attempts. Milliseconds; default 60,000. */
  maxRetryMs?: number;
  /**
   * How long Redis reserves a push for the process that handles it; the process renews this time. If the process dies, the push runs again
   * in another process after one to three times this long. A process that does not respond for this long loses its pushes, and they run
   * twice. Milliseconds; default 30,000.
   */
  leaseMs?: number;
  /** Maximum age of handled pushes in Redis. Milliseconds; default 86,400,000 (a day). Dead pushes stay until you retry or drop them. */
  retentionMs?: number;
  /** Maximum number of handled pushes in Redis. Default 10,000. */
  retentionCount?: number;
}

/** The options after checking, with their defaults. */
export type BullmqInboxSettings = Required<BullmqInboxOptions>;

type NumberOption = Exclude<keyof BullmqInboxOptions, "queue" | "connection" | "prefix">;

const DEFAULTS: Record<NumberOption, number> = {
  concurrency: 16,
  retries: 5,
  timeoutMs: 60_000,
  retryMs: 1_000,
  maxRetryMs: 60_000,
  leaseMs: 30_000,
  retentionMs: 86_400_000,
  retentionCount: 10_000,
};

/** Maximum value of every number: the maximum delay of `setTimeout`. */
const MAX_VALUE = 2 ** 31 - 1;

function invalid(message: string): never {
  throw new AirudderError("invalid_option", `bullmqInbox(): ${message}`);
}

/**
 * Checks the options, and adds the defaults.
 * @throws AirudderError `invalid_option`
 */
export function checkBullmqInboxOptions(options: BullmqInboxOptions): BullmqInboxSettings {
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    invalid('the options must be an object, such as { queue: "airudder", connection: { host: "127.0.0.1" } }.');
  }
  const { queue, connection, prefix = "bull", ...numbers } = options;
  if (typeof queue !== "string" || queue === "" || queue.includes(":")) {
    invalid('option "queue" must be a non-empty string without colons, such as "airudder".');
  }
  if (typeof prefix !== "string" || prefix === "") {
    invalid('option "prefix" must be a non-empty string, such as "bull".');
  }
  checkConnection(connection);
  for (const [name, value] of Object.entries(numbers)) checkNumber(name, value);
  const set = Object.fromEntries(Object.entries(numbers).filter(([, value]) => value !== undefined));
  return { queue, connection, prefix, ...DEFAULTS, ...set };
}

function checkConnection(connection: ConnectionOptions): void {
  if (typeof connection !== "object" || connection === null || Array.isArray(connection)) {
    invalid('option "connection" must be options of ioredis, such as { host: "127.0.0.1", port: 6379 }, or a client.');
  }
  const isOwn = !isClient(connection);
  const options = isOwn ? connection : Object((connection as { options?: unknown }).options);
  if (options.keyPrefix) invalid('option "connection" must not have a keyPrefix. Use the option "prefix" instead.');
  if (!isOwn && options.maxRetriesPerRequest) {
    invalid('option "connection": create the client with { maxRetriesPerRequest: null }; BullMQ requires it.');
  }
}

/** Whether the option `connection` is a client, which belongs to the app. */
export function isClient(connection: object): boolean {
  return typeof (connection as { duplicate?: unknown }).duplicate === "function";
}

function checkNumber(name: string, value: unknown): void {
  if (!Object.hasOwn(DEFAULTS, name)) {
    const names = ["queue", "connection", "prefix", ...Object.keys(DEFAULTS)].join(", ");
    invalid(`unknown option "${name}". Options: ${names}.`);
  }
  const min = name === "retries" || name === "retentionCount" ? 0 : 1;
  if (value !== undefined && !(Number.isInteger(value) && Number(value) >= min && Number(value) <= MAX_VALUE)) {
    const example = DEFAULTS[name as NumberOption];
    invalid(`option "${name}" must be a whole number from ${min} to ${MAX_VALUE}, such as ${example}.`);
  }
}
