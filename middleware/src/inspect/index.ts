/** For tools that record, show or compare pushes. An app needs none of it. */
export {
  type Condition,
  catalogue,
  type PersonalKind,
  type PushKey,
  type PushSchema,
  type Rule,
  type Shape,
} from "../generated/catalogue.js";
export { CHANNEL } from "../observe/recorder.js";
export { type Replace, replacePersonalData } from "../observe/redact.js";
export { type CompiledSchema, type SchemaKeywords, schemaCompiler } from "../push/compiled-schema.js";
export { factsOf, type PushFacts, SEARCH_KEYS, type SearchIds, type SearchKey } from "../push/facts.js";
export { newPushId } from "../push/id.js";
export { type DriftKind, findMismatches, type Mismatch, type PathStyle } from "../push/mismatch.js";
export { parsePointer, pointerStep, readAt } from "../push/pointer.js";
export { describePush, type PushDescription, type PushValidation, validatePush } from "./describe.js";
export { isTypeName, TYPE_NAMES } from "./type-names.js";
