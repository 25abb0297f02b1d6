export { compareBodies, type ResponseDifference } from "./differences.js";
export { hasEdits } from "./edit.js";
export { editableRows, editPush } from "./editable-rows.js";
export type { ReplayEvent, ReplayStart, ReplaySummary, VerdictEvent } from "./events.js";
export { checkRequest, replay } from "./replay.js";
export type { ReplayRequest } from "./request.js";
export { requestedRows } from "./select.js";
export { SkippedPushes } from "./skipped.js";
export { VERDICTS, type Verdict } from "./verdict.js";
