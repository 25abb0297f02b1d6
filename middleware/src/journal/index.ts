export { describeDamage } from "./damage.js";
export { JournalError, type LockOwner } from "./errors.js";
export type { Journal } from "./journal.js";
export { formatLine, type ParsedLine, parseLine, type SegmentHead, VERSION as JOURNAL_VERSION } from "./lines.js";
export { openJournal } from "./open.js";
export type { JournalOptions, JournalWarning } from "./options.js";
export { readJournal, readRecord, readRecords } from "./read.js";
export type {
  Content,
  Damage,
  DeliveryHead,
  Head,
  HeaderMap,
  JournalRecord,
  MarkHead,
  NewHead,
  PushHead,
  RecordEntry,
  RecordLocation,
  SegmentSummary,
} from "./records.js";
export { askOwner, type OwnerRequest, type OwnerResponse, type RequestResult } from "./requests.js";
export type { JournalCallbacks } from "./scan-segment.js";
export type { SegmentState } from "./segment-states.js";
export { listSegments, segmentNumber, segmentPath } from "./segments.js";
