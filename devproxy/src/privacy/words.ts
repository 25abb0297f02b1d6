import { STATUS_RESULTS } from "../http/index.js";

/** The words that records contain: sources and results of pushes, causes of deliveries, and states of marks. */
const WORDS: ReadonlySet<string> = new Set([
  ...["tunnel", "local", "import", "inbox"],
  ...["live", "queued", "replay", "trigger", "drill"],
  ...["edited", "elsewhere", "stopped"],
  ...[...STATUS_RESULTS, "duplicate", "running", "rejected"],
  ...["retry", "dropped", "done", "acknowledged", "given_up"],
]);

/** Whether a text is a word that the dev proxy or an inbox writes to records. An imported record can contain any text in its place. */
export function isRecordWord(text: string): boolean {
  return WORDS.has(text);
}
