export { AppProcess } from "./app-process.js";
export { junitXml } from "./junit.js";
export { isLoopback } from "./loopback.js";
export { recordedPushes } from "./recorded.js";
export { redactVerify } from "./redaction.js";
export { VerifyCommand } from "./verify-command.js";
