import { createHash } from "node:crypto";
import type { PushType } from "../generated/types.js";
import type { StoredPush } from "../inbox/inbox.js";
import type { HeaderMap } from "../journal/index.js";
import { SEARCH_KEYS, type SearchIds } from "../push/facts.js";

/** Longer subjects do not fit an index. Characters. */
const MAX_SUBJECT_LENGTH = 600;
/** Characters that a Postgres text cannot contain. */
const UNSTORABLE = /\0|\p{Surrogate}/u;

/** The subject as it is stored: a digest, if Postgres cannot store or index it. */
export function subjectColumn(subject: string | undefined): string | null {
  if (subject === undefined) return null;
  const isStorable = subject.length <= MAX_SUBJECT_LENGTH && !UNSTORABLE.test(subject);
  return isStorable ? subject : `sha256:${createHash("sha256").update(subject, "utf16le").digest("hex")}`;
}

/** A text without the characters that Postgres cannot store. */
export function storableText(text: string): string {
  return text.replace(new RegExp(UNSTORABLE, "gu"), "\u{FFFD}");
}

/**
 * The inbox compares pushes with the same key to detect duplicates. Pushes of one subject share a key, and so do pushes of one type that have
 * no subject. The prefixes keep the two kinds apart.
 */
export function keyOf({ subject, type }: Pick<StoredPush, "subject" | "type">): string {
  return keyOfColumn(subjectColumn(subject), type);
}

function keyOfColumn(subject: string | null, type: string): string {
  return subject === null ? `type:${type}` : `subject:${subject}`;
}

/** A push for the function `put`, without its body. */
export interface PushRow {
  readonly n: number;
  readonly key: string;
  readonly [column: string]: unknown;
}

/**
 * A push for the function `put`.
 * @param n position in the batch
 * @param start position of its first byte in the bodies of the batch, from 1
 * @param claims whether it is claimed if it can start
 */
export function rowOf(
  push: StoredPush,
  { n, windowMs, start, claims }: { n: number; windowMs: number; start: number; claims: boolean },
): PushRow {
  const subject = subjectColumn(push.subject);
  const facts: Facts = {};
  for (const key of SEARCH_KEYS) {
    const id = (push as SearchIds)[key];
    if (id !== undefined) facts[key] = id;
  }
  if (push.subject !== undefined && subject !== push.subject) facts.subject = push.subject;
  return {
    n,
    key: keyOfColumn(subject, push.type),
    windowMs,
    start,
    claims,
    size: push.body.length,
    id: push.id,
    type: push.type,
    subject,
    receivedAt: push.receivedAt.getTime(),
    method: push.method,
    url: push.url,
    headers: JSON.stringify(push.headers),
    sha256: push.sha256,
    reserialised: push.reserialised,
    verified: push.verified,
    drift: push.drift,
    quarantined: push.quarantined,
    facts: factsColumn(facts),
  };
}

/** The ids by which a push can be found. Also its subject, if the column `subject` contains only a digest. */
type Facts = SearchIds & { subject?: string };

/**
 * The column `facts`. If it contains a text that Postgres cannot store, the facts become JSON in a JSON string. Otherwise a statement that reads
 * the ids would fail.
 */
function factsColumn(facts: Facts): string {
  const isUnstorable = Object.values(facts).some((text) => text !== undefined && UNSTORABLE.test(text));
  return JSON.stringify(isUnstorable ? { json: JSON.stringify(facts) } : facts);
}

function factsOf(column: string): Facts {
  const facts = JSON.parse(column) as Facts & { json?: string };
  return facts.json === undefined ? facts : (JSON.parse(facts.json) as Facts);
}

/** A row of the function `claim`. */
export interface ClaimedRow {
  readonly id: string;
  readonly type: string;
  readonly subject: string | null;
  readonly received_at: number;
  readonly method: string;
  readonly url: string;
  readonly headers: string;
  /** Base64. */
  readonly body: string;
  readonly sha256: string;
  readonly reserialised: boolean;
  readonly verified: boolean;
  readonly drift: number;
  readonly quarantined: boolean;
  readonly facts: string;
  /** Number of failed attempts. */
  readonly attempts: number;
  readonly is_retry: boolean;
  readonly error: string | null;
  /** How long it has been due. Milliseconds. */
  readonly waited_ms: number;
  /** Whether its last lease has expired. */
  readonly was_expired: boolean;
  /** `started`: the last attempt ran alone in its process. `next`: the next attempt runs alone. */
  readonly was_alone: "next" | "started" | null;
}

export function pushOf(row: ClaimedRow): StoredPush {
  const { subject = row.subject ?? undefined, ...ids } = factsOf(row.facts);
  return {
    ...ids,
    id: row.id,
    type: row.type as PushType,
    receivedAt: new Date(row.received_at),
    method: row.method,
    url: row.url,
    headers: JSON.parse(row.headers) as HeaderMap,
    body: Buffer.from(row.body, "base64"),
    sha256: row.sha256,
    reserialised: row.reserialised,
    verified: row.verified,
    replay: undefined,
    subject,
    drift: row.drift,
    quarantined: row.quarantined,
  };
}
