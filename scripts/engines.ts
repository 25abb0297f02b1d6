import { airudder, type Receiver } from "airudder-webhooks";
import { KEY } from "./load/pushes.js";

/** The engines on which several processes share an inbox. */
export const ENGINES = ["postgres", "bullmq"] as const;
export type Engine = (typeof ENGINES)[number];

/** Where an inbox is stored. */
export interface SharedInbox {
  readonly engine: Engine;
  /** URL of the server. */
  readonly url: string;
  /** Postgres: schema. BullMQ: queue. */
  readonly name: string;
  /** Time after which another process takes over the pushes of a killed one. Milliseconds; default: that of the inbox. */
  readonly leaseMs?: number;
}

/** The part of a transaction that handlers use. */
export interface Transaction {
  query(sql: string, values?: unknown[]): Promise<unknown>;
}

/** A receiver with a shared inbox. It handles pushes only after `work()`. Loads only the packages of its engine. */
export async function createReceiver(shared: SharedInbox): Promise<Receiver<Transaction | undefined>> {
  const options = { key: KEY, token: false, work: false, warnings: false } as const;
  return shared.engine === "postgres"
    ? airudder({ ...options, inbox: (await onPostgres(shared)).inbox })
    : airudder({ ...options, inbox: await onBullmq(shared) });
}

/** Creates the tables of a shared inbox, if its engine needs them. */
export async function migrate(shared: SharedInbox): Promise<void> {
  if (shared.engine !== "postgres") return;
  const { inbox, pool } = await onPostgres(shared);
  await inbox.migrate();
  await pool.end();
}

async function onPostgres({ url, name, leaseMs }: SharedInbox) {
  const { postgresInbox } = await import("airudder-webhooks/postgres");
  const { default: pg } = await import("pg");
  const pool = new pg.Pool({ connectionString: url });
  return { pool, inbox: postgresInbox({ pool, schema: name, leaseMs }) };
}

async function onBullmq({ url, name, leaseMs }: SharedInbox) {
  const { bullmqInbox } = await import("airudder-webhooks/bullmq");
  return bullmqInbox({ queue: name, connection: { url }, ...(leaseMs === undefined ? {} : { leaseMs }) });
}
