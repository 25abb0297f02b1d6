export { retryOrDrop } from "./change.js";
export { countQuarantined, deadRows, selectRows } from "./select.js";
