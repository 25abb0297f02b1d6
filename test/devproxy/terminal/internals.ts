/** Internal units of this folder that have their own tests. No other folder imports them. */
export { browserProgram } from "../../../devproxy/src/terminal/browser.js";
export { clipboardPrograms, osc52 } from "../../../devproxy/src/terminal/clipboard.js";
export { helpLines } from "../../../devproxy/src/terminal/help.js";
export { isInteractive, Terminal, type TerminalProxy } from "../../../devproxy/src/terminal/index.js";
export { readKeys } from "../../../devproxy/src/terminal/keys.js";
export { LastRow } from "../../../devproxy/src/terminal/last-row.js";
export { pageUrl } from "../../../devproxy/src/terminal/page-url.js";
export { type RowState, rowText } from "../../../devproxy/src/terminal/row-text.js";
export { neighbourOf } from "../../../devproxy/src/terminal/selection.js";
