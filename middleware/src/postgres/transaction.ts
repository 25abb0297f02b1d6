import { AirudderError } from "../errors.js";
import { isRejection, withLimit } from "./connection.js";
import type { PgClient, PgPool, PgResult } from "./pool.js";

/** Time limit of the statements that end a transaction. */
const END_LIMIT_MS = 5_000;

/** The connection broke during COMMIT, so it is unknown whether the transaction was committed. */
export class CommitUnknown extends Error {
  override readonly name = "CommitUnknown";
}

/** Adds the inbox's own changes to a transaction. */
export type BeforeCommit = (client: PgClient) => Promise<void>;

/**
 * The transaction of one attempt. The first `query` of the handler takes a connection and sends BEGIN. An attempt without a query costs no
 * connection.
 */
export class HandlerTransaction {
  readonly #client: PgClient;
  #begun: Promise<PgClient> | undefined;
  #taken: PgClient | undefined;
  /** Why `query` is refused; `undefined` while the attempt runs. */
  #refusal: string | undefined;
  /** Queries that have not settled. */
  readonly #running = new Set<Promise<unknown>>();

  /**
   * @param attemptId stored in the transaction as `airudder.attempt`: the token of the lease, or a UUID for a replay. The SQL function
   * `finish` compares it, to detect that the handler ended the transaction itself.
   * @param maxIdleMs the server rolls back if it gets no statement for this time, for example because the process is suspended
   */
  constructor(
    private readonly pool: PgPool,
    private readonly attemptId: string,
    private readonly maxIdleMs: number,
    private readonly slots: Slots,
  ) {
    this.#client = this.#makeClient();
  }

  /** The client for the handler. */
  get client(): PgClient {
    return this.#client;
  }

  get isUsed(): boolean {
    return this.#begun !== undefined;
  }

  /** A client whose transaction the inbox controls. Its other members are those of the connection. */
  #makeClient(): PgClient {
    const refuse = (name: string) => () => {
      throw new AirudderError(
        "handler_failed",
        `transaction.${name}() is not available: the inbox ends the transaction.`,
      );
    };
    const own: Record<PropertyKey, unknown> = {
      query: (...args: unknown[]) => this.#query(args),
      release: refuse("release"),
      connect: refuse("connect"),
      end: refuse("end"),
      // biome-ignore lint/suspicious/noThenProperty: a handler may return the transaction from an async function.
      then: undefined,
    };
    return new Proxy({} as PgClient, {
      get: (_, name) => {
        if (Object.hasOwn(own, name)) return own[name];
        const value: unknown = Reflect.get(this.#taken ?? {}, name);
        return typeof value === "function" ? value.bind(this.#taken) : value;
      },
    });
  }

  #query(args: unknown[]): unknown {
    const callback = args.at(-1);
    if (typeof callback === "function") {
      this.#run(args.slice(0, -1)).then(
        (result) => callback(undefined, result),
        (error) => callback(error),
      );
      return undefined;
    }
    if (typeof (args[0] as { submit?: unknown } | undefined)?.submit !== "function") return this.#run(args);
    // A cursor or a stream is returned synchronously, so the connection must already be open.
    if (this.#refusal !== undefined) throw refusalOf(this.#refusal);
    if (this.#taken !== undefined) return (this.#taken.query as (query: unknown) => unknown)(args[0]);
    throw new AirudderError(
      "handler_failed",
      'Call await transaction.query("select 1") before you pass a cursor or a stream.',
    );
  }

  async #run(args: unknown[]): Promise<PgResult> {
    if (this.#refusal !== undefined) throw refusalOf(this.#refusal);
    this.#begun ??= this.#begin();
    const client = await this.#begun;
    if (this.#refusal !== undefined) throw refusalOf(this.#refusal);
    const running = (client.query as (...args: unknown[]) => Promise<PgResult>)(...args);
    this.#running.add(running);
    return running.finally(() => this.#running.delete(running));
  }

  async #begin(): Promise<PgClient> {
    await this.slots.take();
    if (this.#refusal !== undefined) {
      this.slots.free();
      throw refusalOf(this.#refusal);
    }
    let client: PgClient;
    try {
      client = await this.pool.connect();
    } catch (error) {
      this.slots.free();
      throw error;
    }
    client.on("error", ignore);
    this.#taken = client;
    if (this.#refusal !== undefined) {
      this.#release();
      throw refusalOf(this.#refusal);
    }
    await client.query(
      `begin isolation level read committed; set local airudder.attempt = '${this.attemptId}'; set local idle_in_transaction_session_timeout = ${this.maxIdleMs}`,
    );
    return client;
  }

  /**
   * Waits for the running queries, runs `beforeCommit`, then commits. Does nothing if the handler has sent no query.
   * @throws CommitUnknown, or the error that rolled it back
   */
  async commit(beforeCommit: BeforeCommit): Promise<void> {
    this.#refusal = "its handler has returned";
    const client = await this.#begun;
    if (client === undefined) return;
    await withLimit(
      END_LIMIT_MS,
      async () => {
        await Promise.allSettled(this.#running);
        await beforeCommit(client);
      },
      () => this.destroy(),
    ).catch(async (error) => {
      await this.rollback();
      throw error;
    });
    let result: PgResult;
    try {
      result = await withLimit(
        END_LIMIT_MS,
        () => client.query("commit"),
        () => this.destroy(),
      );
    } catch (error) {
      this.#release(isRejection(error) ? undefined : (error as Error));
      throw isRejection(error) ? error : new CommitUnknown("The connection broke during COMMIT.", { cause: error });
    }
    this.#release();
    if (result.command !== "COMMIT")
      throw new Error(
        "Postgres rolled back the transaction instead of committing it: one of its statements had failed.",
      );
  }

  /** Rolls back after the handler has failed. Never rejects. */
  async rollback(): Promise<void> {
    this.#refusal ??= "its attempt has failed";
    if (this.#begun === undefined) return;
    try {
      await withLimit(
        END_LIMIT_MS,
        async () => {
          await this.#begun;
          await this.#taken?.query("rollback");
        },
        () => this.destroy(),
      );
      this.#release();
    } catch {
      this.destroy();
    }
  }

  /** Closes the connection immediately, which rolls back. Does nothing after `commit` or `rollback`. */
  destroy(): void {
    this.#refusal ??= "its attempt has ended";
    this.#release(new Error("The attempt has ended."));
  }

  #release(error?: Error): void {
    const client = this.#taken;
    if (client === undefined) return;
    this.#taken = undefined;
    this.slots.free();
    client.release(error);
    if (error === undefined) client.removeListener("error", ignore);
  }
}

const ignore = (): void => undefined;

function refusalOf(reason: string): AirudderError {
  return new AirudderError("handler_failed", `The transaction is closed: ${reason}.`);
}

/** Limits how many connections handlers hold at a time, so that some are left for storing pushes and for leases. */
export class Slots {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(private readonly count: number) {
    this.#free = count;
  }

  /** @throws AirudderError if there are no slots at all */
  async take(): Promise<void> {
    if (this.count === 0) {
      const message = "transaction needs a pool of at least 2 connections, such as new Pool({ max: 10 }).";
      throw new AirudderError("handler_failed", message);
    }
    if (this.#free > 0) {
      this.#free--;
      return;
    }
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  free(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free++;
    else next();
  }
}
