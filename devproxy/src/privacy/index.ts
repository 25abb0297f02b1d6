export { isFieldName } from "./fields.js";
export { JsonText } from "./json-text.js";
export { redactProgramLine } from "./program-line.js";
export { Redactor } from "./redactor.js";
