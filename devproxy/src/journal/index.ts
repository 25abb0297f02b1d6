export { isDropped, unlessDropped } from "./dropped.js";
export { describeWrongField } from "./fields.js";
export { FILTERS, type Filters, filterRows, hasFilters, isPlaceholder, pickFilters, testsOf } from "./filters.js";
export { FolderWatch } from "./folder-watch.js";
export { findRows, type IdSelector, matchesSelector, rowOf, rowsOf, selectorOf } from "./ids.js";
export { isFromInbox, JournalIndex, seqOf } from "./journal-index.js";
export type { StoreOptions } from "./lowdb-adapters.js";
export { marksOf } from "./marks.js";
export { newestRows } from "./newest.js";
export { RetentionTask } from "./retention-task.js";
export type { DeliveryRow, Row } from "./row.js";
export {
  ACKNOWLEDGED,
  decidingDelivery,
  GIVEN_UP,
  isPending,
  lastTarget,
  pendingRows,
  STATUSES,
  type Status,
  statusOf,
  succeeded,
  type TestCause,
  testCauseOf,
  wasDelivered,
} from "./status.js";
export { contentIn, type JournalReader, openSnapshot, Store } from "./store.js";
