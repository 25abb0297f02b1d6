import { AirudderError } from "../errors.js";

/** Postgres truncates longer names. Bytes. */
const MAX_NAME_BYTES = 63;

/**
 * Checks the name of a schema and returns it as a quoted identifier.
 * @throws AirudderError `invalid_option`
 */
export function quoteSchema(name: unknown): string {
  const isName =
    typeof name === "string" &&
    name !== "" &&
    !name.includes("\0") &&
    // This text would end the body of a function in the migrations.
    !name.includes("$function$") &&
    Buffer.byteLength(name) <= MAX_NAME_BYTES;
  if (!isName) {
    throw new AirudderError(
      "invalid_option",
      `postgresInbox(): option "schema" must be the name of a schema, at most ${MAX_NAME_BYTES} bytes, such as "airudder".`,
    );
  }
  return `"${name.replaceAll('"', '""')}"`;
}
