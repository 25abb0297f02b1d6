export { readingLines, vendorAttemptLine, vendorDeliveryLine } from "../../../devproxy/src/report/vendor.js";
export { directDestination, TestPushSender, VENDOR_HEADERS } from "../../../devproxy/src/trigger/index.js";
export * from "../../../devproxy/src/vendor/index.js";
