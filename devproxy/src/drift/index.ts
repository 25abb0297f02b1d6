export type { Operation } from "./change.js";
export type { SchemaPatch } from "./changes.js";
export type { DriftGroup } from "./group.js";
export { pushesAt } from "./open.js";
export type { RecordedPush } from "./pushes.js";
export { driftEvents, driftLines } from "./report.js";
export type { SchemaSource } from "./schemas.js";
export { type DriftSummary, summarizeDrift } from "./summary.js";
export type { DriftKind } from "./walk.js";
