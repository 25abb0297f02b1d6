export type { WhenDown } from "./config/index.js";
export { type Devproxy, startDevproxy } from "./devproxy.js";
export {
  type DriftGroup,
  type DriftKind,
  type DriftSummary,
  driftEvents,
  driftLines,
  type Operation,
  pushesAt,
  type RecordedPush,
  type SchemaPatch,
  type SchemaSource,
  summarizeDrift,
} from "./drift/index.js";
export { DevproxyError, type ExitCode } from "./errors.js";
export type {
  DeliveryEvent,
  DevproxyEvent,
  Listener,
  NoteEvent,
  PushEvent,
  ReadyEvent,
  StoppedEvent,
  TunnelEvent,
} from "./events.js";
export type { DeliveryRow, Filters, JournalIndex, JournalReader, Row, Status, Store } from "./journal/index.js";
export type { DevproxyOptions } from "./options.js";
export type {
  ReplayEvent,
  ReplayRequest,
  ReplayStart,
  ReplaySummary,
  ResponseDifference,
  Verdict,
  VerdictEvent,
} from "./replay/index.js";
