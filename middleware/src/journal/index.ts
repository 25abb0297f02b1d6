export type { SegmentState } from "./closed-segments.js";
export { describeDamage } from "./damage.js";
export { JournalError, type LockOwner } from "./errors.js";
export type { Journal } from "./journal.js";
export { type ParsedLine, parseLine, type SegmentHead } from "./lines.js";
export { openJournal } from "./open.js";
export type { JournalOptions, JournalWarning } from "./options.js";
export { readJournal, readRecord, readRecords } from "./reader.js";
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
export type { JournalCallbacks } from "./scan.js";
export { listSegments, segmentNumber, segmentPath } from "./segments.js";
