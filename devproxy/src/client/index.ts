export { removeAddress, writeAddress } from "./address.js";
export { type ControlClient, connectControl } from "./client.js";
export type { EndLine } from "./end-line.js";
export { type Listing, type ListingRequest, MAX_LISTED } from "./listing.js";
