export { compareBodies, type ResponseDifference } from "./differences.js";
export { editPush, hasEdits } from "./edit.js";
export { editableRows } from "./editable-rows.js";
export type { ReplayEvent, ReplayStart, ReplaySummary, VerdictEvent } from "./events.js";
export { replay } from "./replay.js";
export { parseRequest, type ReplayRequest, requestedRows } from "./request.js";
export { SkippedPushes } from "./skipped.js";
export { VERDICTS, type Verdict } from "./verdict.js";
