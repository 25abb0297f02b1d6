export { campaignLines } from "./campaign.js";
export { type CurlCommand, curlBody, curlCommand, curlLines, INCOMPLETE, inlineText } from "./curl.js";
export { type DeadResult, type DeadRow, deadJson, deadResultJson, deadResultLine, deadTable } from "./dead.js";
export { detailJson, detailLines } from "./detail.js";
export { drillDetails, drillJson, drillSummary, drillTable, redactedResult } from "./drill.js";
export { droppedLine } from "./dropped.js";
export { explainedReason, explanationOf } from "./explanation.js";
export { failureReason } from "./failure-reason.js";
export { byteSize, duration, escapeControls, localTime, pushCount, safeLine, withSeparators } from "./format.js";
export { listSummary, rowJson, rowTable } from "./list.js";
export { jsonLiveReporter, LiveReporter } from "./live.js";
export { pinJson, pinTable } from "./pins.js";
export { Progress, progressText } from "./progress.js";
export { type LineOutput, type PushLine, type PushNote, pushFacts, pushText } from "./push-line.js";
export { differenceLines, editDifferences, jsonReplayReporter, redactReplayEvent, replayReporter } from "./replay.js";
export { jsonLine, printableLine, Screen, type Style } from "./screen.js";
export {
  campaignReporter,
  jsonTriggerReporter,
  type SentPush,
  type TriggerReporter,
  triggerJson,
  triggerReporter,
} from "./trigger.js";
export { displayWidth, fitWidth, padWidth, wrapWords } from "./width.js";
