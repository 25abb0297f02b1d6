import type { InboxQuery } from "airudder-webhooks/inbox";
import type { JournalRecord } from "airudder-webhooks/journal";
import type { PostgresUrl } from "../config/index.js";
import { loadDriver, reasonOf, unreadableError } from "./errors.js";

const CONNECT_TIMEOUT_MS = 5_000;

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
  // An error of an idle connection. The next statement opens another one, or fails.
  pool.on("error", () => undefined);
  try {
    yield* readPostgresInbox(pool, { schema, ...query });
  } catch (error) {
    throw unreadableError(inbox, `${reasonOf(error)}${adviceFor(error, schema)}`, error);
  } finally {
    await pool.end();
  }
}

/** What to do about an error of Postgres, by its SQLSTATE. */
function adviceFor(error: unknown, schema: string): string {
  switch ((error as { code?: unknown }).code) {
    case "42501":
      return ` Grant the role read access: GRANT USAGE ON SCHEMA ${schema} TO ROLE; GRANT SELECT ON ALL TABLES IN SCHEMA ${schema} TO ROLE`;
    case "42P01":
    case "3F000":
      return " Name the schema of the inbox in the URL: ?schema=NAME";
    default:
      return "";
  }
}
