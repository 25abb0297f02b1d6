import { catalogue } from "airudder-webhooks/inspect";
import { ERROR_CODE } from "../http/index.js";

/** What a schema says about a field: whether its values may be printed. The `Shape` of a schema is assignable to this type. */
export interface FieldContext {
  /** The kind of personal data that its values are. */
  readonly personal?: "id" | (string & {});
  /** Matches the values, as text, that may be printed. */
  readonly harmless?: RegExp;
  /** Redacts a text value. Default: a placeholder replaces it. */
  readonly redact?: (text: string) => string;
  readonly properties?: { readonly [name: string]: FieldContext };
  readonly items?: FieldContext;
  /** The fields that `properties` does not name. */
  readonly additional?: boolean | FieldContext;
}

/** The context of a value in a document. `undefined` if no schema describes it: then the value is not printed. */
export type SchemaContext = FieldContext | undefined;

/**
 * The context of a push's payload.
 * @param schema name of the schema that describes it, if any
 */
export function schemaContextOf(schema: string | undefined): SchemaContext {
  return catalogue.find(({ name }) => name === schema)?.shape;
}

/** The context of a field of an object. */
export function fieldOf(context: SchemaContext, name: string): SchemaContext {
  const { properties, additional } = context ?? {};
  if (properties !== undefined && Object.hasOwn(properties, name)) return properties[name];
  return typeof additional === "object" ? additional : undefined;
}

/** Whether a schema names the field. */
export function namesField(context: SchemaContext, name: string): boolean {
  return context?.properties !== undefined && Object.hasOwn(context.properties, name);
}

const ERROR_CLASS = /^[A-Z][A-Za-z]{0,40}(?:Error|Exception)$|^Error$/;
const STATUS = /^[1-5]\d\d$/;

/**
 * The context of an app's response, or of a part of it. The class and the code of an error may be printed.
 * @param redact redacts the message of an error
 * @param pointer JSON pointer to the part. Default: the whole response
 */
export function responseContext(redact: (text: string) => string, pointer = ""): SchemaContext {
  const status = { code: { harmless: ERROR_CODE }, status: { harmless: STATUS }, statusCode: { harmless: STATUS } };
  const error = { ...status, name: { harmless: ERROR_CLASS }, message: { redact }, stack: { redact } };
  const response: FieldContext = { properties: { ...status, error: { properties: error, redact } } };
  const steps = pointer.split("/").slice(1);
  return steps.reduce<SchemaContext>((context, step) => fieldOf(context, step), response);
}
