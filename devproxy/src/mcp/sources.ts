import type { Finding } from "../doctor/index.js";
import type { Filters, JournalReader, Row } from "../journal/index.js";
import type { ReplayEvent, ReplayRequest } from "../replay/index.js";

/** Receives one line about a problem that does not end a call, such as a damaged record. */
export type OnNote = (line: string) => void;

/** A journal as it is now. */
export interface Snapshot extends JournalReader {
  /** Number of records that could not be read because their segment was dropped meanwhile. */
  readonly dropped: number;
}

/** The newest pushes that match filters. */
export interface NewestPushes {
  dir: string;
  reader: Pick<Snapshot, "content" | "dropped">;
  /** Oldest first. */
  rows: readonly Row[];
  /** Number of pushes that match; `undefined` if the search ended before the oldest push. */
  matching: number | undefined;
  total: number;
}

/** What the tools read, and what they can do. The command provides it. */
export interface Sources {
  /** Whether personal data is shown. */
  reveal: boolean;
  /** @throws DevproxyError `no_journal`, JournalError */
  newestPushes(filters: Filters, max: number, onNote: OnNote): Promise<NewestPushes>;
  /** The key of `Sign`, of the running `listen` or the environment. `undefined`: the vendor's published key. */
  signKey(dir: string): Promise<string | undefined>;
  /** @throws DevproxyError `no_journal`, JournalError */
  snapshot(onNote: OnNote): Promise<Snapshot>;
  /**
   * Replays through the running `listen`, or in this process if none runs.
   * @throws DevproxyError, JournalError `journal_locked`
   */
  replay(
    request: ReplayRequest,
    onEvent: (event: ReplayEvent) => void,
    signal: AbortSignal,
    onNote: OnNote,
  ): Promise<void>;
  /** @param sendsTestPushes whether the app receives two test pushes */
  runChecks(sendsTestPushes: boolean): AsyncIterable<Finding>;
}
