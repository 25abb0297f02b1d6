import { firstMigration } from "./migration-1.js";

/** Each change of the tables and functions, oldest first. A released migration never changes. */
const MIGRATIONS: readonly ((schema: string) => string)[] = [firstMigration];

/** Version of the tables and functions that this package needs. */
export const VERSION = MIGRATIONS.length;

/** @param schema quoted name */
export function createSchema(schema: string): string {
  return `create schema if not exists ${schema};`;
}

/**
 * The SQL texts that create the tables and functions in an existing schema, in order. Each contains several statements. The last one records
 * its version.
 * @param schema quoted name
 */
export function migrationTexts(schema: string): string[] {
  return MIGRATIONS.map(
    (migration, i) => `${migration(schema).trim()}\n\ninsert into ${schema}.migrations (version) values (${i + 1});\n`,
  );
}
