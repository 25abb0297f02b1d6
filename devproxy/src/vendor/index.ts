export {
  deliverAsVendor,
  type VendorAttempt,
  type VendorAttemptResult,
  type VendorDelivery,
  type VendorOptions,
} from "./deliver.js";
export {
  ACCEPTS,
  type Accepts,
  DELIVERIES,
  type DeliveriesReading,
  type ReadingOptions,
  type VendorReading,
  vendorReading,
} from "./reading.js";
