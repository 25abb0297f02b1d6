import { parseDuration, parseTarget } from "../config/index.js";
import { usageError } from "../errors.js";
import { type Filters, filterRows, hasFilters, type JournalReader, type Row, rowsOf } from "../journal/index.js";
import type { Edits } from "./edit.js";
import { parseEdit } from "./parse-edit.js";

/** Which pushes to replay, and how. Plain JSON, so that it can be sent to a running `listen`. */
export interface ReplayRequest {
  /** `#12`, `12`, long ids or prefixes of them, ranges `3..7`. */
  ids?: string[] | undefined;
  /** Maximum number of pushes: the newest that match. */
  last?: number | undefined;
  filters?: Filters | undefined;
  /** URL of the app. Default: the configured target, else the target of the newest live push, else `DEFAULT_TARGET`. */
  to?: string | undefined;
  /** Divides the original delays between pushes. `max` sends without delays. Default: `max`. */
  speed?: number | "max" | undefined;
  /** Maximum number of parallel requests; pushes of one subject stay sequential. Default: 1, or 16 with a numeric `speed`. */
  concurrency?: number | undefined;
  /** Edits, `path=value`. */
  set?: string[] | undefined;
  /** If a push has a `Sign`, replaces it with one made with this key. */
  key?: string | undefined;
  /** The key agreed with Airudder. Without `key`, this key signs the pushes whose `TaskID` an edit sets. Default: the vendor's published key. */
  agreedKey?: string | undefined;
  /** Replaces the body of the only push that is selected, before `set` is applied. Default: the recorded body. */
  body?: string | undefined;
  /** With `body`: makes a new `Sign` if the body has one. Default: false. */
  sign?: boolean | undefined;
  /** Expected statuses: `2xx` or `200,404`. */
  expect?: string | undefined;
  /** Maximum time to wait until the app accepts connections, such as `30s`. Default: send immediately. */
  wait?: string | undefined;
  /** Includes personal data in the errors of handlers. Default: false. */
  reveal?: boolean | undefined;
}

/** The parsed values of a request. */
export interface ParsedRequest {
  isExpected: ((status: number | null) => boolean) | undefined;
  edits: Edits;
  rate: { speed: number | "max"; concurrency: number };
  to: URL | undefined;
  waitMs: number | undefined;
}

/**
 * Parses a request. Does not need the journal.
 * @throws DevproxyError `usage`
 */
export function parseRequest(request: ReplayRequest): ParsedRequest {
  if (typeof request !== "object" || request === null) throw usageError("The request of a replay must be an object.");
  const { last, set = [], key, agreedKey, expect, to, wait, body, sign } = request;
  if (last !== undefined && !(Number.isInteger(last) && last > 0))
    throw usageError("--last must be a whole number above 0.");
  if (!Array.isArray(set) || !set.every((edit) => typeof edit === "string"))
    throw usageError("set must be a list of edits such as path=value.");
  if (body !== undefined && typeof body !== "string") throw usageError("body must be a text.");
  if (key === "") throw usageError("--key is empty. Leave it out to send each push with its recorded Sign.");
  return {
    isExpected: expect === undefined ? undefined : parseExpect(expect),
    edits: {
      set: set.map(parseEdit),
      key,
      agreedKey,
      ...(body === undefined ? {} : { body: Buffer.from(body), sign }),
    },
    rate: rateOf(request),
    to: to === undefined ? undefined : parseTarget(to, "--to"),
    waitMs: wait === undefined ? undefined : parseWait(wait),
  };
}

function rateOf({ speed = "max", concurrency = speed === "max" ? 1 : 16 }: ReplayRequest): ParsedRequest["rate"] {
  if (speed !== "max" && !(speed > 0 && speed <= 1_000_000))
    throw usageError("--speed must be a number above 0 and at most 1000000, or max.");
  if (!Number.isInteger(concurrency) || concurrency < 1 || concurrency > 1_000)
    throw usageError("--concurrency must be a whole number from 1 to 1000.");
  return { speed, concurrency };
}

/** Parses `2xx`, `200`, or a list such as `200,404`, into a test of a status. */
function parseExpect(text: string): (status: number | null) => boolean {
  const parts = text.split(",").map((part) => part.trim().toLowerCase());
  if (!parts.every((part) => /^[1-5](\d\d|xx)$/.test(part))) {
    throw usageError(`--expect "${text}" is not a status. Give 2xx, 200, or a list such as 200,404.`);
  }
  return (status) =>
    status !== null && parts.some((part) => part === String(status) || part === `${Math.floor(status / 100)}xx`);
}

/** 24.8 days. */
const MAX_WAIT_MS = 2 ** 31 - 1;

function parseWait(text: string): number {
  const ms = parseDuration(text);
  if (ms === undefined || ms === 0 || ms > MAX_WAIT_MS)
    throw usageError(`--wait "${text}" is not a duration of at most 24d. Give one such as 30s or 2m.`);
  return ms;
}

/**
 * Checks that a request selects pushes. Does not need the journal.
 * @throws DevproxyError `usage`, if it has neither ids, `last` nor filters
 */
export function checkSelection({ ids = [], last, filters = {} }: ReplayRequest): void {
  if (ids.length > 0 || last !== undefined || hasFilters(filters)) return;
  throw usageError(
    "Select the pushes to replay: ids (12, 3..7), --last N, or filters such as --status failed --since 10m.",
  );
}

/**
 * The pushes that a request selects, in the order of arrival.
 * @throws DevproxyError `usage`, if the request has neither ids, `last` nor filters, or an id does not exist
 */
export async function requestedRows(reader: JournalReader, request: ReplayRequest): Promise<Row[]> {
  checkSelection(request);
  const { ids = [], last, filters = {} } = request;
  const candidates =
    ids.length > 0 ? rowsOf(reader.index, ids).sort((a, b) => a.push.seq - b.push.seq) : reader.index.rows;
  return filterRows(reader, candidates, filters, last);
}
