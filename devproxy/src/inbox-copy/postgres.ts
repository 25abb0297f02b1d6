import type { InboxQuery } from "airudder-webhooks/inbox";
import type { JournalRecord } from "airudder-webhooks/journal";
import type { PostgresUrl } from "../config/index.js";
import { loadDriver, reasonOf, unreadableError } from "./errors.js";

const CONNECT_TIMEOUT_MS = 5_000;
/** Longer than the statement timeout of the reader: for a server that does not respond at all. */
const QUERY_TIMEOUT_MS = 40_000;

/**
 * Reads pushes of a `postgresInbox`.
 * @throws DevproxyError `inbox_unreadable`, `driver_missing`
 */
export async function* readPostgres(inbox: PostgresUrl, query: InboxQuery): AsyncGenerator<JournalRecord> {
  const { connection, schema } = inbox;
  const { default: pg } = await loadDriver(inbox, "pg", () => import("pg"));
  const { readPostgresInbox } = await import("airudder-webhooks/postgres");
  const client = new pg.Client({
    connectionString: connection,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    query_timeout: QUERY_TIMEOUT_MS,
    application_name: "airudder-devproxy",
  });
  // A connection that ends also rejects the running query.
  client.on("error", () => undefined);
  try {
    await client.connect();
    yield* readPostgresInbox(client, { schema, ...query });
  } catch (error) {
    throw unreadableError(inbox, `${reasonOf(error)}${adviceFor(error, schema)}`, error);
  } finally {
    await client.end().catch(() => undefined);
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
