import type { JournalError } from "./errors.js";
import type { Listeners } from "./reader.js";

/** A segment is closed, and the next begun, at this size, bytes. */
export const SEGMENT_BYTES = 64 * 1024 * 1024;

/**
 * - `folder_open_to_others`: other users can write to the folder, so that they can forge pushes.
 * - `unknown_records`: a later version wrote records that this one skips; they are kept.
 * - `segment_kept`: a segment was dropped that holds damaged or unknown records; its file is kept as `000007.ndjson.kept`.
 */
export type JournalWarning = "folder_open_to_others" | "unknown_records" | "segment_kept";

/** Options of `openJournal`. */
export interface JournalOptions extends Listeners {
  /** A segment is closed, and the next begun, at this size; earlier where the volume has little room. Bytes, default 64 MB. */
  segmentBytes?: number;
  /** Called with `journal_locked` when another process has the journal: nothing more is written; close it and open it again later. */
  onLost?: ((error: JournalError) => void) | undefined;
  /** Called for what an operator should know. Nothing fails because of it. */
  onWarning?: ((code: JournalWarning, message: string) => void) | undefined;
}
