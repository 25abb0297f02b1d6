/** Internal units of this folder that have their own tests. No other folder imports them. */
export { DoublingWait, reopenDelayMs } from "../../../devproxy/src/tunnel/backoff.js";
export { Pause, pause } from "../../../devproxy/src/tunnel/pause.js";
export { isTreeAlive, killTree } from "../../../devproxy/src/tunnel/process-tree.js";
export { publicOrigins } from "../../../devproxy/src/tunnel/program-output.js";
export { DEFAULT_TIMING } from "../../../devproxy/src/tunnel/timing.js";
