export { LiveDelivery } from "./live-delivery.js";
export type { DeliveryTimeouts } from "./timeouts.js";
