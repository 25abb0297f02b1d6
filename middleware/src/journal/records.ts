/**
 * The format of a journal: one record per line, as JSON. A line begins with the head, which is all that an index needs; the content follows.
 *
 * A reader skips records of unknown kinds: a newer version may have written them. It skips and reports damaged lines. Neither is ever
 * deleted: when their segment is dropped, its file is renamed to `000007.ndjson.kept`. Readers ignore files with this name, and the number
 * of the segment is not used again.
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

/** Names in lower case, values as received. A header that was received more than once has a list of values. */
export type HeaderMap = Record<string, string | string[]>;

/** Headers and body of a push, or of an app's response to a delivery. The body has the exact bytes that were received. */
export interface Content {
  headers: HeaderMap;
  body: Buffer;
}

/** Head of a received push. */
export interface PushHead extends PushFacts {
  kind: "push";
  /** Unique; sorts by time. */
  id: string;
  /** Number of the push in this journal, from 1. Assigned by the writer. */
  seq: number;
  /** When it was received, ISO 8601, UTC. */
  at: string;
  /** HTTP method. */
  method: string;
  /** Path and query of the request, without tokens. */
  url: string;
  /**
   * How it was received: by the inbox of an app (`inbox`), or by the dev proxy through its tunnel (`tunnel`), on its local URL (`local`), as a
   * test push from a command (`trigger`, `drill`), or from a file or an inbox that was imported (`import`).
   */
  source: string;
  /** Size of the body, bytes. */
  size: number;
  /** SHA-256 of the body, hex. */
  sha256: string;
  /** An earlier parser consumed the bytes. The body was re-serialised from the parsed object. */
  reserialised?: boolean;
  /** The id of the recorded push that this one replays. */
  replay?: string;
  /** The push was imported: another journal, or another program, received it. */
  imported?: boolean;
  /** The push was exported redacted: placeholders replace the personal data of the body, the headers and the ids. */
  redacted?: boolean;
  /** The record was appended again before its segment was dropped, so it may follow later pushes. */
  carried?: boolean;
}

/** Head of a delivery: one attempt to deliver a push to an app. The content of the record is the app's response. */
export interface DeliveryHead {
  kind: "delivery";
  /** Id of the push. */
  push: string;
  /** When it was sent, ISO 8601, UTC. */
  at: string;
  /** URL of the app. */
  target: string;
  /** Status of the response; absent if there was none. */
  status?: number;
  /** What the app's receiver reported in `Airudder-Outcome`, such as `handled`; absent if the app reports nothing. */
  result?: string;
  /** Why there was no response. */
  error?: string;
  /** Duration, milliseconds. */
  ms: number;
  /**
   * Why it was sent.
   *
   * - `live`: on receipt.
   * - `queued`: after the app was down.
   * - `replay`: again, on request.
   * - `trigger`, `drill`: as a test push, by the command of this name.
   */
  cause: "live" | "queued" | "replay" | "trigger" | "drill";
  /** The response arrived after Airudder's time limit. In production, Airudder would have retried. */
  late?: boolean;
  /**
   * Why the delivery does not count for the push's status.
   *
   * - `edited`: the body was edited.
   * - `elsewhere`: it went to a different app from the one that gets live pushes.
   * - `stopped`: the proxy stopped it.
   */
  aside?: "edited" | "elsewhere" | "stopped";
}

/** Head of a mark: a change of a push's state. */
export interface MarkHead {
  kind: "mark";
  /** Id of the push. */
  push: string;
  /** When the state changed, ISO 8601, UTC. */
  at: string;
  /** The new state, such as `handled`, `failed` or `dead` in an inbox. */
  state: string;
  /** Number of failed attempts so far. */
  attempt?: number;
  /** Why it failed. */
  error?: string;
}

/** The head of a record: everything except headers and body. */
export type Head = PushHead | DeliveryHead | MarkHead;

/** The head of a record to append. A push without `seq` gets the next number. */
export type NewHead = (Omit<PushHead, "seq"> & { seq?: number }) | DeliveryHead | MarkHead;

/** Where a record is in the journal. */
export interface RecordLocation {
  segment: number;
  /** Bytes from the start of the segment. */
  offset: number;
  /** Bytes of the line, without its line feed. */
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

/** A damaged or incomplete record. It is skipped, but never deleted: when its segment is dropped, the file is kept. */
export interface Damage extends RecordLocation {
  /** What is wrong, without data of the record. */
  reason: string;
}

/** Result of reading one segment. If `loadSummary` returns it, the segment is not read again. */
export interface SegmentSummary {
  segment: number;
  /** Number of bytes that belong to the journal; the file may be longer. Absent if no takeover limited the segment. */
  end?: number;
  /** Bytes of complete lines. */
  bytes: number;
  /** Bytes after them: an incomplete line. */
  tornBytes: number;
  /** The `seq` after the highest one in this segment. */
  nextSeq: number;
  /** When its newest record was appended, ms since 1970; absent for an empty segment. */
  lastAt?: number;
  damage: Damage[];
  /** It contains a record of a kind that only a newer version knows. */
  unknown: boolean;
}
