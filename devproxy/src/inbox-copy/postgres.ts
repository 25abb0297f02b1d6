import type { InboxQuery } from "airudder-webhooks/inbox";
import type { JournalRecord } from "airudder-webhooks/journal";
import type { PostgresUrl } from "../config/index.js";
import { loadDriver, reasonOf, unreadableError } from "./errors.js";

const CONNECT_TIMEOUT_MS = 5_000;
/** SQLSTATE of a missing privilege. */
const INSUFFICIENT_PRIVILEGE = "42501";

/**
 * Reads pushes of a `postgresInbox`.
 * @throws DevproxyError `inbox_unreadable`, `driver_missing`
 */
export async function* readPostgres(inbox: PostgresUrl, query: InboxQuery): AsyncGenerator<JournalRecord> {
  const { connection, schema } = inbox;
  const { default: pg } = await loadDriver(inbox, "pg", () => import("pg"));
  const { readPostgresInbox } = await import("airudder-webhooks/postgres");
  const pool = new pg.Pool({
    connectionString: connection,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    application_name: "airudder-devproxy",
    max: 1,
  });
  // Without a listener, an error of an idle connection would end the process. The next statement opens another connection, or fails.
  pool.on("error", () => undefined);
  try {
    yield* readPostgresInbox(pool, { schema, ...query });
  } catch (error) {
    throw unreadableError(inbox, `${reasonOf(error)}${adviceFor(error, schema)}`, error);
  } finally {
    await pool.end();
  }
}

/** How to grant a missing privilege. Empty for other errors. */
function adviceFor(error: unknown, schema: string): string {
  if ((error as { code?: unknown }).code !== INSUFFICIENT_PRIVILEGE) return "";
  return ` Grant read access to the role: GRANT USAGE ON SCHEMA ${schema} TO ROLE; GRANT SELECT ON ALL TABLES IN SCHEMA ${schema} TO ROLE`;
}
