/** Internal units of this folder that have their own tests. No other folder imports them. */
export { ConcurrencyLimit } from "../../../devproxy/src/queue/concurrency-limit.js";
export { DeliveryQueue } from "../../../devproxy/src/queue/delivery-queue.js";
export { PendingDelivery } from "../../../devproxy/src/queue/pending-delivery.js";
