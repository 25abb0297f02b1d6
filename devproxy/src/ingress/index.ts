export { ActiveResponses } from "./active-responses.js";
export { reportMalformed } from "./malformed.js";
export { passThroughTo } from "./pass-through.js";
export { pingApp } from "./ping.js";
export { createIngress, listen, portOf } from "./server.js";
