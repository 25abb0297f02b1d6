export { bullmqInbox } from "./inbox.js";
export type { BullmqInboxOptions } from "./options.js";
