export { type CompletionOptions, candidatesFor } from "./candidates.js";
export { completionScript, SHELLS, type Shell } from "./scripts.js";
export type { Candidate } from "./values.js";
