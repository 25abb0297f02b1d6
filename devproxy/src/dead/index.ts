export { changeInbox } from "./change.js";
export { countQuarantined, deadRows, selectRows } from "./select.js";
