export { isValidJson, JsonText, jsonTokens } from "./json-text.js";
export { isFieldName } from "./personal-data.js";
export { redactProgramLine } from "./program-line.js";
export { Redactor } from "./redactor.js";
