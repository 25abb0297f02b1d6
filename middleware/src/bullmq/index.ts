export { bullmqInbox } from "./inbox.js";
export type { BullmqInboxOptions } from "./options.js";
export { type BullmqInboxQuery, readBullmqInbox } from "./read.js";
