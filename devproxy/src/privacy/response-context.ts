import { ERROR_CODE } from "../http/index.js";
import { type FieldContext, fieldOf, type SchemaContext } from "./schema-context.js";

const CLASS = /^[A-Z][A-Za-z]{0,40}(?:Error|Exception)$|^Error$/;
const STATUS = /^[1-5]\d\d$/;

/**
 * The ground of an app's response, or of its part at a JSON pointer. The class and the code of an error may be shown; `redact` redacts its
 * message.
 */
export function responseContext(redact: (text: string) => string, pointer = ""): SchemaContext {
  const fields = {
    code: { harmless: ERROR_CODE },
    name: { harmless: CLASS },
    status: { harmless: STATUS },
    statusCode: { harmless: STATUS },
    message: { redact },
    stack: { redact },
  };
  const answer: FieldContext = {
    properties: {
      error: { properties: fields, redact },
      code: { harmless: ERROR_CODE },
      status: { harmless: STATUS },
      statusCode: { harmless: STATUS },
    },
  };
  const steps = pointer.split("/").slice(1);
  return steps.reduce<SchemaContext>((ground, step) => fieldOf(ground, step), answer);
}
