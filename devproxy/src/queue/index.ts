export { LiveDelivery } from "./live-delivery.js";
export type { DeliveryTimeouts } from "./response-deadlines.js";
