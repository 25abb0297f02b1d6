/**
 * The format of a journal: one JSON object per line. A line begins with its head, which is all that an index needs. Its content follows.
 *
 * A reader skips records of unknown kinds: a later version may have written them. It skips and reports damaged lines. Neither is ever
 * deleted: when their segment is dropped, its file is renamed to `000007.ndjson.kept`. Readers ignore files with this name, and the
 * number of the segment is not used again.
 *
 * The folder may also contain `lock` and `.gitignore`. A journal of the dev proxy also contains `config.json`, `listen.json` and an index
 * beside each closed segment, `000001.index`. An index only saves time, so you can delete it at any time;
 * `devproxy/src/journal/index-file/file.ts` describes its format.
 *
 * If a version writes records that earlier versions must not skip, it raises the format version. An earlier version then rejects the
 * journal before it changes anything.
 *
 * Other processes ask the owner of the lock for changes through request files: see `requests.ts`.
 */

import type { PushFacts } from "../push/facts.js";

/** Header names in lower case, values as they came; a name that came more than once has a list. */
export type HeaderMap = Record<string, string | string[]>;

/** Headers and the exact bytes of a body. */
export interface Content {
  headers: HeaderMap;
  body: Buffer;
}

/** A push as it came in. */
export interface PushHead extends PushFacts {
  kind: "push";
  /** Unique, sortable by time. */
  id: string;
  /** RecordLocation in the journal's order, from 1; given by the writer. */
  seq: number;
  /** When it came, ISO 8601, UTC. */
  at: string;
  method: string;
  url: string;
  /** Where it came from: `inbox`, `tunnel`, `local`, `trigger`. */
  source: string;
  /** Bytes of the body. */
  size: number;
  /** SHA-256 of the body's bytes, hex. */
  sha256: string;
  /** The body was made from what an earlier parser left: not the bytes that came. */
  reserialised?: boolean;
  /** The id of the recorded push that this one replays. */
  replay?: string;
  /** The line was appended again before its segment was removed, so later pushes may precede it. */
  carried?: boolean;
}

/** One try to hand a push to an app. Its content is the app's response. */
export interface DeliveryHead {
  kind: "delivery";
  /** The push's id. */
  push: string;
  at: string;
  target: string;
  status?: number;
  /** What the app's receiver reported in `Airudder-Outcome`, such as `handled`; absent if the app reports nothing. */
  result?: string;
  error?: string;
  ms: number;
  cause: "live" | "queued" | "replay" | "trigger" | "drill";
  /** The answer came after the sender's time limit. */
  late?: boolean;
  /** Why it says nothing of the push: its bytes were edited, it went to another app than live pushes do, or it was stopped by us. */
  aside?: "edited" | "elsewhere" | "stopped";
}

/** A push's state changed. */
export interface MarkHead {
  kind: "mark";
  /** The push's id. */
  push: string;
  at: string;
  state: string;
  attempt?: number;
  error?: string;
}

export type Head = PushHead | DeliveryHead | MarkHead;

/** A record to append. */
export type NewHead = (Omit<PushHead, "seq"> & { seq?: number }) | DeliveryHead | MarkHead;

/** Where a line is. */
export interface RecordLocation {
  segment: number;
  /** Bytes from the start of the segment. */
  offset: number;
  /** Bytes of the line, its line feed not counted. */
  length: number;
}

/** A whole record: its head and, for a push or a delivery, the headers and the body that were stored with it. */
export interface JournalRecord {
  head: Head;
  /** Absent for marks, and for deliveries without a response. */
  content?: Content;
}

/** The head of a record, and where the record is in the journal. */
export interface RecordEntry {
  head: Head;
  location: RecordLocation;
}

/** A damaged or incomplete line. It is skipped and never deleted: see the top of this file. */
export interface Damage extends RecordLocation {
  reason: string;
}

/** Result of the scan of one segment. `loadSummary` returns it to save the next scan. */
export interface SegmentSummary {
  segment: number;
  /** Number of bytes that belong to the journal, if a takeover limited it; then the file may be longer. */
  end?: number;
  /** Bytes of complete lines. */
  bytes: number;
  /** Bytes after them: an incomplete line. */
  tornBytes: number;
  /** The `seq` of the next push, as far as this segment tells. */
  nextSeq: number;
  /** When its newest line was appended, ms since 1970; absent for an empty one. */
  lastAt?: number;
  damage: Damage[];
  /** It contains a record of a kind that only a later version knows. */
  unknown: boolean;
}
