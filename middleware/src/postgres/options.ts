import { AirudderError } from "../errors.js";
import type { PgPool } from "./pool.js";
import { quoteSchema } from "./schema-name.js";

/** Options of {@link postgresInbox}. Only `pool` is required. */
export interface PostgresInboxOptions<P extends PgPool = PgPool> {
  /**
   * A `pg.Pool` of the app. The inbox takes a connection for each of its statements, and one for each running handler that uses
   * `transaction`. Handlers use at most `max` - 3 connections. With a `max` of 1, handlers have no transaction. The inbox does not end the
   * pool.
   */
  pool: P;
  /** The schema with the tables of the inbox. Default `airudder`. */
  schema?: string | undefined;
  /**
   * A second `pg.Pool`, for NOTIFY and LISTEN. With it, an idle worker handles a push of another process within milliseconds; without it,
   * the worker polls, every 500 ms at most. The inbox keeps one connection of it open. It must not lead to PgBouncer in transaction mode,
   * and needs a `max` of at least 2. The inbox does not end it.
   */
  notifyPool?: PgPool | undefined;
  /** Maximum number of pushes that this process handles in parallel, of different subjects. Default 16. */
  concurrency?: number | undefined;
  /** Maximum number of retries after the first attempt; then the push is dead. Default 5. */
  retries?: number | undefined;
  /** Time limit of one attempt. Milliseconds; default 60,000. */
  timeoutMs?: number | undefined;
  /** Delay before the first retry; each further delay is twice as long. Milliseconds; default 1,000. */
  retryMs?: number | undefined;
  /** Maximum delay between attempts. Milliseconds; default 60,000. */
  maxRetryMs?: number | undefined;
  /**
   * Other processes take over the running pushes of a process that has not responded for this time. A running process renews its leases
   * every third of it. Milliseconds; default 15,000.
   */
  leaseMs?: number | undefined;
  /** How long finished pushes are kept. Dead and quarantined ones are always kept. Milliseconds; default 604,800,000 (7 days). */
  retentionMs?: number | undefined;
}

/** The options after checking, with their defaults. */
export interface PostgresInboxSettings<P extends PgPool = PgPool> {
  readonly pool: P;
  /** Quoted name. */
  readonly schema: string;
  readonly notifyPool: PgPool | undefined;
  readonly concurrency: number;
  readonly retries: number;
  readonly timeoutMs: number;
  readonly retryMs: number;
  readonly maxRetryMs: number;
  readonly leaseMs: number;
  readonly retentionMs: number;
}

/** The maximum delay of `setTimeout`. */
const MAX_DELAY = 2 ** 31 - 1;
const TEN_YEARS_MS = 10 * 365 * 24 * 60 * 60 * 1_000;

/** Default, minimum and maximum of each number. */
const NUMBERS = {
  concurrency: [16, 1, 10_000],
  retries: [5, 0, MAX_DELAY],
  timeoutMs: [60_000, 1, MAX_DELAY],
  retryMs: [1_000, 1, MAX_DELAY],
  maxRetryMs: [60_000, 1, MAX_DELAY],
  leaseMs: [15_000, 100, MAX_DELAY],
  retentionMs: [7 * 24 * 60 * 60 * 1_000, 0, TEN_YEARS_MS],
} as const;

function invalid(message: string): never {
  throw new AirudderError("invalid_option", `postgresInbox(): ${message}`);
}

function isPool(value: unknown): value is PgPool {
  const { connect, on } = (value ?? {}) as Partial<PgPool>;
  return typeof connect === "function" && typeof on === "function";
}

/**
 * Checks the options and adds the defaults.
 * @throws AirudderError `invalid_option`
 */
export function checkPostgresInboxOptions<P extends PgPool>(
  options: PostgresInboxOptions<P>,
): PostgresInboxSettings<P> {
  if (typeof options !== "object" || options === null || Array.isArray(options))
    invalid('the options must be an object, such as { pool: new Pool() } with the Pool of "pg".');
  const names = ["pool", "schema", "notifyPool", ...Object.keys(NUMBERS)];
  for (const name of Object.keys(options)) {
    if (!names.includes(name)) invalid(`unknown option "${name}". Options: ${names.join(", ")}.`);
  }
  const { pool, notifyPool, schema = "airudder" } = options;
  if (!isPool(pool))
    invalid('option "pool" must be a pg.Pool, such as new Pool({ connectionString: process.env.DATABASE_URL }).');
  if (notifyPool !== undefined && !(isPool(notifyPool) && notifyPool !== pool && (notifyPool.options?.max ?? 2) >= 2)) {
    invalid(
      'option "notifyPool" must be another pg.Pool than "pool", with a "max" of at least 2, such as new Pool({ connectionString: process.env.DATABASE_URL, max: 2 }).',
    );
  }
  const numbers = Object.entries(NUMBERS).map(([name, [defaultValue, min, max]]) => {
    const value = options[name as keyof typeof NUMBERS] ?? defaultValue;
    if (!(Number.isInteger(value) && value >= min && value <= max))
      invalid(`option "${name}" must be a whole number from ${min} to ${max}, such as ${defaultValue}.`);
    return [name, value];
  });
  return {
    pool,
    schema: quoteSchema(schema),
    notifyPool,
    ...(Object.fromEntries(numbers) as Record<keyof typeof NUMBERS, number>),
  };
}
