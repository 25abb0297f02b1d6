export { copyInbox, type InboxCopy } from "./copy.js";
export { MAX_PUSHES, type Selection } from "./selection.js";
