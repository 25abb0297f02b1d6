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
  /** When another process takes over the pushes of a killed one. Milliseconds; default: the default of the inbox. */
  readonly leaseMs?: number;
}

/** The part of a transaction that handlers use. */
export interface Transaction {
  query(sql: string, values?: unknown[]): Promise<unknown>;
}

/** A receiver with a shared inbox. It handles pushes only after `work()`. Loads only the packages of its engine. */
export async function createReceiver(shared: SharedInbox): Promise<Receiver<Transaction | undefined>> {
  const { engine, url, name, leaseMs } = shared;
  const options = { key: KEY, token: false, work: false, warnings: false } as const;
  const lease = leaseMs === undefined ? {} : { leaseMs };
  if (engine === "bullmq") {
    const { bullmqInbox } = await import("airudder-webhooks/bullmq");
    return airudder({ ...options, inbox: bullmqInbox({ queue: name, connection: { url }, ...lease }) });
  }
  const { postgresInbox } = await import("airudder-webhooks/postgres");
  const { default: pg } = await import("pg");
  const pool = new pg.Pool({ connectionString: url });
  return airudder({ ...options, inbox: postgresInbox({ pool, schema: name, ...lease }) });
}
