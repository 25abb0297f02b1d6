export { type ServeOptions, serveMcp } from "./serve.js";
export type { NewestPushes, Snapshot, Sources } from "./sources.js";
