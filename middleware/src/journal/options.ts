import type { JournalError } from "./errors.js";
import type { JournalCallbacks } from "./scan.js";

/** Default size at which a segment is closed and the next one begins. Bytes. */
export const SEGMENT_BYTES = 64 * 1024 * 1024;

/**
 * - `folder_open_to_others`: other users can write to the folder, so they can forge pushes.
 * - `unknown_records`: a later version wrote records that this one skips; they are kept.
 * - `segment_kept`: a dropped segment contained damaged or unknown records; its file is kept as `000007.ndjson.kept`.
 */
export type JournalWarning = "folder_open_to_others" | "unknown_records" | "segment_kept";

/** Options of `openJournal`. */
export interface JournalOptions extends JournalCallbacks {
  /** Size at which a segment is closed and the next one begins; smaller if the volume is nearly full. Bytes; default 64 MB. */
  segmentBytes?: number;
  /**
   * Rejects appends with `journal_unwritable` if the folder was removed, moved or replaced, also during the append. With `false`, the
   * default, the journal creates a missing folder again.
   */
  sameFolder?: boolean;
  /** Called with `journal_locked` when another process has taken over the journal. Close it, and open it again later. */
  onLost?: ((error: JournalError) => void) | undefined;
  /** Called with warnings for the operator. The journal continues to work. */
  onWarning?: ((code: JournalWarning, message: string) => void) | undefined;
}
