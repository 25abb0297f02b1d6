import type { InboxQuery } from "airudder-webhooks/inbox";
import type { JournalRecord } from "airudder-webhooks/journal";
import type { BullmqUrl } from "../config/index.js";
import { loadDriver, reasonOf, unreadableError } from "./errors.js";

const CONNECT_TIMEOUT_MS = 5_000;
const COMMAND_TIMEOUT_MS = 30_000;

/**
 * Reads pushes of a `bullmqInbox`.
 * @throws DevproxyError `inbox_unreadable`, `driver_missing`
 */
export async function* readBullmq(inbox: BullmqUrl, query: InboxQuery): AsyncGenerator<JournalRecord> {
  const { connection, queue, prefix } = inbox;
  const [{ Redis }, { readBullmqInbox }] = await loadDriver(inbox, "bullmq ioredis", () => {
    // The middleware requires them as CommonJS. If that fails, Node 20 ends the process: the error cannot be caught.
    for (const driver of ["bullmq", "ioredis"]) import.meta.resolve(driver);
    return Promise.all([import("ioredis"), import("airudder-webhooks/bullmq")]);
  });
  const client = new Redis(connection, {
    lazyConnect: true,
    connectTimeout: CONNECT_TIMEOUT_MS,
    commandTimeout: COMMAND_TIMEOUT_MS,
    maxRetriesPerRequest: null,
    retryStrategy: () => null,
  });
  let connectionError: Error | undefined;
  client.on("error", (error) => {
    connectionError ??= error;
  });
  try {
    await client.connect();
    yield* readBullmqInbox({ connection: client, queue, prefix, ...query });
  } catch (error) {
    throw unreadableError(inbox, reasonOf(connectionError ?? error), error);
  } finally {
    client.disconnect();
  }
}
