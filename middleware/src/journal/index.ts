export type { SegmentState } from "./closed-segments.js";
export { JournalError, type LockOwner } from "./errors.js";
export { Journal } from "./journal.js";
export { openJournal } from "./open.js";
export type { JournalOptions, JournalWarning } from "./options.js";
export { readContent, readContents, readJournal } from "./reader.js";
export type {
  Content,
  Damage,
  DeliveryHead,
  Entry,
  Head,
  HeaderMap,
  MarkHead,
  NewHead,
  PushHead,
  RecordLocation as Place,
  SegmentSummary,
} from "./records.js";
export { askOwner, type OwnerRequest, type OwnerResponse, type RequestResult } from "./requests.js";
export type { Listeners } from "./scan.js";
