import type { JournalError } from "./errors.js";
import type { JournalCallbacks } from "./scan-segment.js";

/** Default size at which a segment is closed and the next one begins. Bytes. */
export const SEGMENT_BYTES = 64 * 1024 * 1024;

/**
 * Code of a warning.
 *
 * - `folder_open_to_others`: other users can write to the folder, so they can forge pushes.
 * - `unknown_records`: the journal contains records of a newer version. This version skips and keeps them.
 * - `segment_kept`: a dropped segment contained damaged or unknown records; its file is kept as `000007.ndjson.kept`.
 */
export type JournalWarning = "folder_open_to_others" | "unknown_records" | "segment_kept";

/** Options of `openJournal`. */
export interface JournalOptions extends JournalCallbacks {
  /** Size at which a segment is closed and the next one begins. Bytes; default 64 MiB. Reduced automatically if the volume is nearly full. */
  segmentBytes?: number;
  /**
   * What to do if the folder was removed, moved or replaced. With `true`, appends are rejected with `journal_unwritable`, including an append
   * that is running at that moment. With `false`, the default, a missing folder is created again.
   */
  sameFolder?: boolean;
  /** Called with a `journal_locked` error when another process has taken over the journal. Close the journal, and open it again later. */
  onLost?: ((error: JournalError) => void) | undefined;
  /** Called with warnings for the operator, for example to log them. The journal continues to work. */
  onWarning?: ((code: JournalWarning, message: string) => void) | undefined;
}
