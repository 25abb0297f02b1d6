export type { Limits } from "./limits.js";
export { LiveDelivery } from "./live-delivery.js";
