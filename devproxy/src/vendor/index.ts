export {
  deliverAsVendor,
  type VendorAttempt,
  type VendorAttemptResult,
  type VendorDelivery,
  type VendorOptions,
  type WhenFree,
} from "./deliver.js";
export {
  ACCEPTS,
  type Accepts,
  DELIVERIES,
  type DeliveriesReading,
  type ReadingOptions,
  TIME_LIMIT_MS,
  type VendorReading,
  vendorReading,
} from "./reading.js";
