import { isUtf8 } from "node:buffer";
import { RESPONSE_BYTES } from "../journal/response-bytes.js";
import { type FieldContext, fieldOf, type SchemaContext } from "./schema-context.js";

/** An error's code: words joined by `_`, `.` or `-`, or capitals. */
const CODE = /^(?:[a-z]{2,20}(?:[_.-][a-z]{2,20}){1,5}|busy|E[A-Z]{3,20}|[A-Z]{2,20}(?:_[A-Z\d]{1,20}){1,5})$/;
const CLASS = /^[A-Z][A-Za-z]{0,40}(?:Error|Exception)$|^Error$/;
const STATUS = /^[1-5]\d\d$/;

/**
 * The ground of an app's response, or of its part at a JSON pointer. The class and the code of an error may be shown; `redact` redacts its
 * message.
 */
export function responseContext(redact: (text: string) => string, pointer = ""): SchemaContext {
  const fields = {
    code: { harmless: CODE },
    name: { harmless: CLASS },
    status: { harmless: STATUS },
    statusCode: { harmless: STATUS },
    message: { redact },
    stack: { redact },
  };
  const answer: FieldContext = {
    properties: {
      error: { properties: fields, redact },
      code: { harmless: CODE },
      status: { harmless: STATUS },
      statusCode: { harmless: STATUS },
    },
  };
  const steps = pointer.split("/").slice(1);
  return steps.reduce<SchemaContext>((ground, step) => fieldOf(ground, step), answer);
}

/** Whether a text looks like the code of an error. */
export function isErrorCode(text: string): boolean {
  return CODE.test(text);
}

/** Whether there may have been more of an answer than what was kept. */
export function mayBeCut(body: Buffer): boolean {
  return body.length === RESPONSE_BYTES;
}

/** Text without the letter that was cut in two at its end; anything else as it is. */
export function wholeLetters(body: Buffer): Buffer {
  const ends = [0, 1, 2, 3].map((cut) => body.subarray(0, body.length - cut));
  return ends.find((part) => isUtf8(part)) ?? body;
}
