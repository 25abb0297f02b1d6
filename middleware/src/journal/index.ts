export { JournalError, type LockOwner } from "./errors.js";
export { Journal, type JournalOptions, type NewHead, type SegmentState } from "./journal.js";
export { openJournal } from "./open.js";
export { type Listeners, readContent, readJournal } from "./reader.js";
export type {
  Content,
  Damage,
  DeliveryHead,
  Entry,
  Head,
  HeaderMap,
  MarkHead,
  Place,
  PushHead,
} from "./records.js";
