export { type Destination, destinationOf, directDestination, proxyDestination } from "./destination.js";
export { RESPONSE_TIMEOUT_MS, type SenderOptions, type SendResult, TestPushSender } from "./sender.js";
export { type TestPush, VENDOR_HEADERS } from "./test-push.js";
