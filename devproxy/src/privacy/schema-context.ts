import { catalogue } from "airudder-webhooks/inspect";

/** What is known of a place in a JSON document; a schema's `Shape` is one. */
export interface FieldContext {
  /** The kind of personal data that its values are. */
  readonly personal?: "id" | (string & {});
  /** Matches the values, as text, that may be shown. */
  readonly harmless?: RegExp;
  /** Redacts a text in its own way. */
  readonly redact?: (text: string) => string;
  readonly properties?: { readonly [name: string]: FieldContext };
  readonly items?: FieldContext;
  readonly additional?: boolean | FieldContext;
}

/** The place of a value in a document. `undefined` if nothing is known about it: then no value is shown. */
export type SchemaContext = FieldContext | undefined;

/** The ground of a push's payload. `schema` is the name of the one that it is measured by, if any. */
export function schemaContextOf(schema: string | undefined): SchemaContext {
  return catalogue.find(({ name }) => name === schema)?.shape;
}

/** The ground of a field. */
export function fieldOf(ground: SchemaContext, name: string): SchemaContext {
  const { properties, additional } = ground ?? {};
  if (properties !== undefined && Object.hasOwn(properties, name)) return properties[name];
  return typeof additional === "object" ? additional : undefined;
}

/** Whether a schema names the field. */
export function isDocumented(ground: SchemaContext, name: string): boolean {
  return ground?.properties !== undefined && Object.hasOwn(ground.properties, name);
}
