export { AppHealth, type HealthCheckIntervals } from "./app-health.js";
export type { AppResponse, DeliveryAttempt } from "./attempt.js";
export { Deliverer } from "./deliverer.js";
export { describeFailure, gatewayError } from "./failure.js";
export { Forwarder } from "./forwarder.js";
