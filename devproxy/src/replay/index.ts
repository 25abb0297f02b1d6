export { compareBodies, type ResponseDifference } from "./differences.js";
export { hasEdits } from "./edit.js";
export type { ReplayEvent, ReplayStart, ReplaySummary, VerdictEvent } from "./events.js";
export { editableRows, edited } from "./notes.js";
export { planOf, replay } from "./replay.js";
export type { ReplayRequest } from "./request.js";
export { select } from "./select.js";
export { Skipped } from "./skipped.js";
export { VERDICTS, type Verdict } from "./verdict.js";
