import { AirudderError } from "../errors.js";
import { headOf } from "../inbox/file/records.js";
import type { InboxQuery, PushState } from "../inbox/query.js";
import type { JournalRecord, MarkHead, PushHead } from "../journal/index.js";
import { SEARCH_KEYS } from "../push/facts.js";
import { firstIdSince } from "../push/id.js";
import { select, withConnection } from "./connection.js";
import { requireVersion, versionOf } from "./migrate.js";
import type { PgClient, PgPool } from "./pool.js";
import { type ClaimedRow, pushOf } from "./push-row.js";
import { quoteSchema } from "./schema-name.js";

/** What `readPostgresInbox` reads. */
export interface PostgresInboxQuery extends InboxQuery {
  /** Schema of the inbox. Default `airudder`. */
  readonly schema?: string | undefined;
}

/** Time limit for connecting and checking the tables. Milliseconds. */
const CONNECT_LIMIT_MS = 5_000;
/** Time after which the server cancels a statement. Milliseconds. */
const STATEMENT_LIMIT_MS = 30_000;
/** Limits of the pushes that one statement returns. */
const MAX_BATCH = 500;
const MAX_BATCH_BYTES = 4 * 1024 * 1024;

/**
 * Reads pushes of a `postgresInbox`, in the order of their ids. Yields a record with the exact bytes of each push, then a mark with its newest
 * state. A push has no mark until an attempt ends or somebody retries it.
 *
 * Writes nothing. Each statement runs in its own short `READ ONLY` transaction, so that a slow reader does not delay the vacuum of Postgres.
 * The role needs `USAGE` of the schema and `SELECT` of its tables. Skips a push that is deleted meanwhile.
 * @throws AirudderError `inbox_unavailable`, if the schema has no tables, or those of another version; PostgresTimeout; errors of Postgres
 * @example for await (const { head } of readPostgresInbox(pool, { limit: 100 })) console.log(head.kind);
 */
export async function* readPostgresInbox(
  pool: PgPool,
  { schema = "airudder", ...query }: PostgresInboxQuery,
): AsyncGenerator<JournalRecord> {
  const tables = quoteSchema(schema);
  await withConnection(pool, CONNECT_LIMIT_MS, (client) => checkTables(client, tables));
  const { where, values } = conditionOf(query);
  const found = await readOnly<{ id: string; size: number }>(
    pool,
    `select id, octet_length(body) as size from ${tables}.pushes ${where} order by id desc limit $1`,
    [query.limit, ...values],
  );
  for (const ids of batchesOf(found.reverse())) {
    const rows = await readOnly<ReadRow>(
      pool,
      `select position::double precision as position, id, type, subject,
         extract(epoch from received_at)::double precision * 1000 as received_at, method, url, headers::text, encode(body, 'base64') as body,
         sha256, reserialised, verified, drift, quarantined, facts::text, state, attempts, is_retry, error,
         extract(epoch from coalesce(finished_at, now()))::double precision * 1000 as state_at
       from ${tables}.pushes where id = any($1) order by id`,
      [ids],
    );
    for (const row of rows) yield* recordsOf(row);
  }
}

async function checkTables(client: PgClient, schema: string): Promise<void> {
  if ((await versionOf(client, schema)) !== undefined) return requireVersion(client, schema);
  throw new AirudderError("inbox_unavailable", `The schema ${schema} has no inbox. Give the schema of the inbox.`);
}

/** Runs a statement in a read-only transaction. */
function readOnly<Row>(pool: PgPool, text: string, values: unknown[]): Promise<Row[]> {
  return withConnection(pool, STATEMENT_LIMIT_MS + CONNECT_LIMIT_MS, async (client: PgClient) => {
    await client.query(`begin read only; set local statement_timeout = ${STATEMENT_LIMIT_MS}`);
    try {
      return await select<Row>(client, text, values);
    } finally {
      await client.query("rollback");
    }
  });
}

/** The condition of a query. `$1` is the limit. */
function conditionOf({ ids, since, until, type, states, about = {} }: InboxQuery): {
  where: string;
  values: unknown[];
} {
  const values: unknown[] = [];
  const parameter = (value: unknown): string => `$${values.push(value) + 1}`;
  const conditions: string[] = [];
  if (ids !== undefined) {
    const each = ids.map((id) =>
      "prefix" in id
        ? // An index can find a range of ids. They contain only characters before DEL.
          `id >= ${parameter(id.prefix)} and id < ${parameter(`${id.prefix}\x7f`)}`
        : `position between ${parameter(id.first)} and ${parameter(id.last)}`,
    );
    conditions.push(`(${each.join(" or ")})`);
  }
  if (since !== undefined) {
    // With the condition on the id, Postgres excludes older pushes through the primary key.
    conditions.push(`id >= ${parameter(firstIdSince(since))} and received_at >= ${parameter(since.toISOString())}`);
  }
  if (until !== undefined) conditions.push(`received_at <= ${parameter(until.toISOString())}`);
  if (type !== undefined) conditions.push(`type = ${parameter(type)}`);
  if (states !== undefined) {
    const each = states.map((state) => UNFINISHED_STATES[state] ?? `state = ${parameter(state)}`);
    conditions.push(`(${each.join(" or ") || false})`);
  }
  for (const key of SEARCH_KEYS) {
    if (about[key] !== undefined) conditions.push(`facts->>'${key}' = ${parameter(about[key])}`);
  }
  return { where: conditions.length === 0 ? "" : `where ${conditions.join(" and ")}`, values };
}

const UNFINISHED = "state in ('blocked', 'waiting', 'running')";

/** Conditions for the states that the column `state` does not contain. */
const UNFINISHED_STATES: { readonly [state in PushState]?: string } = {
  stored: `${UNFINISHED} and attempts = 0`,
  failed: `${UNFINISHED} and attempts > 0`,
};

function* batchesOf(pushes: readonly { id: string; size: number }[]): Generator<string[]> {
  let ids: string[] = [];
  let bytes = 0;
  for (const { id, size } of pushes) {
    if (ids.length === MAX_BATCH || (ids.length > 0 && bytes + size > MAX_BATCH_BYTES)) {
      yield ids;
      ids = [];
      bytes = 0;
    }
    ids.push(id);
    bytes += size;
  }
  if (ids.length > 0) yield ids;
}

interface ReadRow extends ClaimedRow {
  readonly position: number;
  readonly state: string;
  /** When the push was finished; while it is unfinished, the time of reading. */
  readonly state_at: number;
}

function* recordsOf(row: ReadRow): Generator<JournalRecord> {
  const push = pushOf(row);
  const { headers, body } = push;
  const head = headOf(push) as PushHead;
  yield { head: { ...head, seq: row.position }, content: { headers, body } };
  const mark = markOf(row);
  if (mark !== undefined) yield { head: mark };
}

/** The mark of the newest state; `undefined` if no attempt has ended and the push was not retried. */
function markOf({ id, state, state_at, attempts, is_retry, error }: ReadRow): MarkHead | undefined {
  const isUnfinished = state === "blocked" || state === "waiting" || state === "running";
  const name = !isUnfinished ? state : attempts > 0 ? "failed" : is_retry ? "retry" : undefined;
  if (name === undefined) return undefined;
  const mark: MarkHead = { kind: "mark", push: id, at: new Date(state_at).toISOString(), state: name };
  if (attempts > 0) mark.attempt = attempts;
  if (error !== null) mark.error = error;
  return mark;
}
