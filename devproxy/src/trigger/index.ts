export { type BuildOptions, PushBuilder } from "./builder.js";
export { scheduleCampaign } from "./campaign-pushes.js";
export { type Destination, destinationOf, directDestination, proxyDestination } from "./destination.js";
export { editInEditor, requireEditor } from "./editor.js";
export {
  isSuccess,
  resultWord,
  TriggerCounts,
  type TriggerEvent,
  type TriggerSummary,
  triggerEvent,
} from "./events.js";
export { pushNotes } from "./notes.js";
export { type Pin, pinNames, readPin, removePin, writePin } from "./pins.js";
export { pathsOf, similarPath } from "./schema-paths.js";
export { type SenderOptions, type SendResult, TestPushSender } from "./sender.js";
export { contentSource, type PushSource, sampleSource } from "./source.js";
export { type TestPush, VENDOR_HEADERS } from "./test-push.js";
export { typedEdit } from "./typed-edit.js";
export { parseTestType, TEST_TYPES, type TestType } from "./types.js";
export { VendorSender, type VendorSendResult } from "./vendor-sender.js";
