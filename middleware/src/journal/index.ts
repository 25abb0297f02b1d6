export { JournalError, type LockOwner } from "./errors.js";
export { Journal, type JournalOptions, type SegmentState } from "./journal.js";
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
  NewHead,
  Place,
  PushHead,
} from "./records.js";
