export { removeAddress, writeAddress } from "./address.js";
export { type ControlClient, connectControl } from "./client.js";
export { MAX_LISTED } from "./listing.js";
export { serveControl } from "./server.js";
