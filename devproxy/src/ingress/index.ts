export { ActiveResponses } from "./active-responses.js";
export { rejectMalformed } from "./malformed.js";
export { passThroughTo } from "./pass-through.js";
export { createPingIngress } from "./ping.js";
export { createIngress, listen, portOf } from "./server.js";
export { Traffic } from "./traffic.js";
