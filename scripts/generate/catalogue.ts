import { banner } from "./banner.js";
import { personalKinds } from "./personal.js";
import type { PushFile } from "./schema.js";
import { ShapeWriter } from "./shapes.js";

const head = `import * as validators from "./validators.js";
import type { PushType } from "./types.js";

/** An id or a phone number whose field name differs between pushes. */
export type PushKey = "workflow" | "node" | "task" | "call" | "case" | "agent" | "phone";

/** What a payload must have at a JSON pointer: \`present\` is any value, also null; \`absent\` is none. */
export type Condition = "object" | "array" | "string" | "present" | "absent" | { readonly const: string };

/** Conditions by JSON pointer. All of them must hold. */
export interface Rule {
  readonly [pointer: string]: Condition;
}

/** A kind of personal data. */
export type PersonalKind = ${personalKinds.map((kind) => JSON.stringify(kind)).join(" | ")};

/** A schema as a tree without references, for comparing a payload with it field by field. */
export interface Shape {
  /** The JSON Schema types that are allowed. */
  readonly type?: readonly string[];
  /** The values that are allowed. */
  readonly enum?: readonly unknown[];
  /** The known values, if the docs do not list all values. */
  readonly known?: readonly string[];
  /** Format of the value, such as \`ISO 8601, UTC\`. */
  readonly format?: string;
  /** The fields that the docs require. */
  readonly required?: readonly string[];
  /** The fields that a handler cannot work without. */
  readonly essential?: readonly string[];
  /** The kind of personal data in the value. If this and \`harmless\` are absent, the kind is unknown. */
  readonly personal?: PersonalKind;
  /** Matches the values that are not personal, as text. */
  readonly harmless?: RegExp;
  /** The known fields. The object has no prototype: looking up \`constructor\` or \`__proto__\` finds nothing. */
  readonly properties?: { readonly [name: string]: Shape };
  readonly items?: Shape;
  /** Whether unknown fields are allowed, or their shape. */
  readonly additional: boolean | Shape;
  /** Only in a shared part: whether data has exactly this shape, so that a caller can skip data without differences. */
  readonly strict?: (data: unknown) => boolean;
}

/** The schema of one form of a push, with its validators. */
export interface PushSchema {
  /** Name of the schema file, such as \`dialer.task.bare\`. */
  readonly name: string;
  readonly type: PushType;
  readonly form?: "wrapped" | "bare";
  /** The vendor's title of the push. */
  readonly title: string;
  readonly provenance: "documented" | "observed" | "inferred" | "unknown";
  /** The source: the vendor's page, or a short statement. */
  readonly source: string;
  /** Where the push carries its signature. */
  readonly sign: "Sign" | "X-AIRudder-Sign" | "none" | "unknown";
  /** Whether a push without this signature is rejected. False if the signature is only inferred: it is then checked when present. */
  readonly signRequired: boolean;
  /** A payload is of this type if any of these rules holds. */
  readonly identify: readonly Rule[];
  /**
   * Rules for a push that lacks a field. They are used only if no \`identify\` rule of any type holds. A push that they identify never passes
   * the tolerant validator.
   */
  readonly identifyPartial: readonly Rule[];
  /** JSON pointers whose values together identify what the push is about. Of a list of pointers, the first one with a value is used. */
  readonly subject: readonly (string | readonly string[])[];
  /** JSON pointers to the ids that pushes are searched by. */
  readonly keys: { readonly [key in PushKey]?: string };
  /** Whether the payload is exactly as documented. */
  readonly strict: (data: unknown) => boolean;
  /** Whether the payload contains the fields that a handler cannot work without. */
  readonly tolerant: (data: unknown) => boolean;
  readonly shape: Shape;
  /** Sample files, as paths below \`schemas/samples\`. */
  readonly samples: readonly string[];
}

const own = (properties: Record<string, Shape>): Record<string, Shape> => Object.assign(Object.create(null), properties);
`;

/** The source of `catalogue.ts`. */
export function catalogueSource(pushes: readonly PushFile[]): string {
  const shapes = new ShapeWriter();
  const entries = pushes.map(({ name, ident, push, schema, samples }) => {
    const { type, form, title, sign, signRequired, identify, identifyPartial, subject, keys } = push;
    const data = {
      name,
      type,
      ...(form && { form }),
      title,
      provenance: schema["x-provenance"],
      source: schema["x-source"],
      sign,
      signRequired,
      identify,
      identifyPartial,
      subject,
      keys,
      samples,
    };
    const fields = Object.entries(data).map(([key, value]) => `    ${key}: ${JSON.stringify(value)},`);
    return `  {
${fields.join("\n")}
    strict: validators.strict_${ident},
    tolerant: validators.tolerant_${ident},
    shape: ${shapes.write(schema)},
  },`;
  });
  return `${banner}${head}
${shapes.constants.join("\n\n")}

/** Every form of every push, in the order of their names. */
export const catalogue: readonly PushSchema[] = [
${entries.join("\n")}
];
`;
}
