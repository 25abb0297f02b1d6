import { AirudderError } from "../errors.js";
import { select, withConnection } from "./connection.js";
import { createSchema, migrationTexts, VERSION } from "./migrations.js";
import type { PgClient, PgPool } from "./pool.js";

/** Time limit of a migration, including the wait for the migration of another process. */
const MIGRATE_LIMIT_MS = 60_000;

/**
 * Creates or updates the tables and functions. Processes that call it at the same time wait for each other.
 * @param schema quoted name
 */
export function migrate(pool: PgPool, schema: string): Promise<void> {
  return withConnection(pool, MIGRATE_LIMIT_MS, async (client) => {
    await client.query("begin isolation level read committed");
    try {
      await select(client, "select pg_advisory_xact_lock(hashtext($1), hashtext($2))", ["airudder-webhooks", schema]);
      const version = await versionOf(client, schema);
      // If the schema exists, the role does not need the privilege to create it.
      if (!(await exists(client, "to_regnamespace", schema))) await client.query(createSchema(schema));
      for (const text of migrationTexts(schema).slice(version ?? 0)) await client.query(text);
      await client.query("commit");
    } catch (error) {
      await client.query("rollback").catch(() => undefined);
      throw error;
    }
  });
}

/** The version of the tables; `undefined` if there are none. */
export async function versionOf(client: PgClient, schema: string): Promise<number | undefined> {
  if (!(await exists(client, "to_regclass", `${schema}.migrations`))) return undefined;
  const text = `select max(version) as version from ${schema}.migrations`;
  const [row] = await select<{ version: number | null }>(client, text);
  return row?.version ?? undefined;
}

async function exists(client: PgClient, find: "to_regclass" | "to_regnamespace", name: string): Promise<boolean> {
  const [row] = await select<{ exists: boolean }>(client, `select ${find}($1) is not null as exists`, [name]);
  return row?.exists === true;
}

/**
 * Checks that the tables have the version of this package.
 * @throws AirudderError `inbox_unavailable`
 */
export async function requireVersion(client: PgClient, schema: string): Promise<void> {
  const version = await versionOf(client, schema);
  if (version === VERSION) return;
  if (version === undefined || version < VERSION) {
    const state = version === undefined ? "has no tables" : `has tables of version ${version}`;
    throw new AirudderError(
      "inbox_unavailable",
      `The schema ${schema} ${state}; this version of airudder-webhooks needs version ${VERSION}. Call inbox.migrate(), or run the SQL of inbox.migrations().`,
    );
  }
  throw new AirudderError(
    "inbox_unavailable",
    `The schema ${schema} has tables of version ${version}, which a newer airudder-webhooks created; this one needs version ${VERSION}. Update airudder-webhooks.`,
  );
}
