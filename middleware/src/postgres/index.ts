export { type PostgresInbox, postgresInbox } from "./inbox.js";
export type { PostgresInboxOptions } from "./options.js";
export type { PgClient, PgPool } from "./pool.js";
