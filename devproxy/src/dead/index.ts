export { changeInbox } from "./change.js";
export { countQuarantined, deadRows, rowsOfIds } from "./select.js";
