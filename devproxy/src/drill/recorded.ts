import { parsePush } from "airudder-webhooks";
import type { Content, HeaderMap } from "airudder-webhooks/journal";
import type { DrillPush } from "airudder-webhooks/testing";
import { usageError } from "../errors.js";
import { type JournalReader, rowsOf } from "../journal/index.js";

/** Maximum number of pushes, because a drill sends each one several times. */
const MAX_PUSHES = 1_000;
/** The headers that a push keeps. */
const KEPT_HEADERS = ["content-type", "user-agent", "x-airudder-sign"];

/**
 * Reads the recorded pushes of a range for a drill, in the order of arrival.
 * @throws DevproxyError `usage`, if there are none, or more than 1,000
 */
export async function recordedPushes(reader: JournalReader, range: string): Promise<DrillPush[]> {
  const rows = rowsOf(reader.index, [range]).sort((a, b) => a.push.seq - b.push.seq);
  if (rows.length > MAX_PUSHES)
    throw usageError(`--from ${range} has ${rows.length} pushes. Give at most ${MAX_PUSHES}.`);
  const pushes: DrillPush[] = [];
  for (const row of rows) pushes.push(drillPush(await reader.content(row.location)));
  return pushes;
}

function drillPush({ headers, body }: Content): DrillPush {
  const kept = Object.fromEntries(KEPT_HEADERS.flatMap((name) => headerOf(headers, name)));
  return { headers: kept, body: decompressed(body, headers) };
}

function headerOf(headers: HeaderMap, name: string): [string, string][] {
  const value = headers[name];
  return typeof value === "string" ? [[name, value]] : [];
}

/** The body without its content encoding. A drill replaces ids in it. */
function decompressed(body: Buffer, headers: HeaderMap): Uint8Array {
  const encoding = headers["content-encoding"];
  if (encoding === undefined || encoding === "identity") return body;
  try {
    return parsePush(body, headers).raw;
  } catch {
    return body;
  }
}
