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
export type { Filters } from "./journal/filters.js";
export type { DeliveryRow, Index, Row } from "./journal/rows.js";
export type { Status } from "./journal/status.js";
export type { SnapshotReader as Reader, Store } from "./journal/store.js";
export type { DevproxyOptions } from "./options.js";
export type { WhenDown } from "./queue/live-delivery.js";
export type { ResponseDifference as Difference } from "./replay/differences.js";
export type { ReplayEvent, ReplayStart, ReplaySummary, VerdictEvent } from "./replay/events.js";
export type { ReplayRequest } from "./replay/request.js";
export type { Verdict } from "./replay/verdict.js";
export { DamageTally } from "./report/damage.js";
