export type { Candidate } from "./candidate.js";
export { type CompletionOptions, candidatesFor } from "./candidates.js";
export { completionScript, SHELLS, type Shell } from "./scripts.js";
