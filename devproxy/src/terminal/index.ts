export { isForeground } from "./foreground.js";
export { isInteractive } from "./interactive.js";
export { Terminal, type TerminalOptions, type TerminalProxy } from "./terminal.js";
