export { JournalError, type LockOwner } from "./errors.js";
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
export { Journal, type JournalOptions, type NewHead, openJournal, type SegmentState } from "./writer.js";
