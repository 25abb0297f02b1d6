/** Units of the room that are tested apart; nothing outside the room uses them. */
export { ConcurrencyLimit } from "../../../devproxy/src/queue/concurrency-limit.js";
export { DeliveryQueue } from "../../../devproxy/src/queue/delivery-queue.js";
export { PendingDelivery } from "../../../devproxy/src/queue/pending-delivery.js";
