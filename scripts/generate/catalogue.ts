import { banner } from "./banner.js";
import { personalKinds } from "./personal.js";
import type { PushFile } from "./schema.js";
import { ShapeWriter } from "./shapes.js";

const head = `import * as validators from "./validators.js";
import type { PushType } from "./types.js";

/** One name for what goes by another in each push. */
export type PushKey = "workflow" | "node" | "task" | "call" | "case" | "agent" | "phone";

/** What a payload must have at a JSON pointer: \`present\` is any value, also null; \`absent\` is none. */
export type Condition = "object" | "array" | "string" | "present" | "absent" | { readonly const: string };

/** Conditions by JSON pointer. All of them must hold. */
export interface Rule {
  readonly [pointer: string]: Condition;
}

/** What a personal field holds. */
export type PersonalKind = ${personalKinds.map((kind) => JSON.stringify(kind)).join(" | ")};

/** A schema as a tree without references, for walking a payload beside it. */
export interface Shape {
  /** The JSON Schema types that are allowed. */
  readonly type?: readonly string[];
  /** The values that are allowed. */
  readonly enum?: readonly unknown[];
  /** What the docs say is always there. */
  readonly required?: readonly string[];
  /** What a handler cannot live without. */
  readonly essential?: readonly string[];
  /** What personal data a value is. Neither this nor \`harmless\`: nothing is known. */
  readonly personal?: PersonalKind;
  /** Matches the values, as text, that are not personal. */
  readonly harmless?: RegExp;
  /** The fields that are known. Without a prototype: looking up \`constructor\` or \`__proto__\` finds nothing. */
  readonly properties?: { readonly [name: string]: Shape };
  readonly items?: Shape;
  /** Fields that are not known: allowed or not, or of this shape. */
  readonly additional: boolean | Shape;
  /** Of a shared part: whether data is exactly of this shape, so that a walker can pass over what is clean. */
  readonly strict?: (data: unknown) => boolean;
}

/** All that is known about one form of a push. */
export interface PushSchema {
  /** Name of the schema file, such as \`dialer.task.bare\`. */
  readonly name: string;
  readonly type: PushType;
  readonly form?: "wrapped" | "bare";
  /** The vendor's title of the push. */
  readonly title: string;
  readonly provenance: "documented" | "observed" | "inferred" | "unknown";
  /** Where it is known from. */
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
  /** JSON pointers whose values together name what the push is about. Of a list of pointers, the first one with a value is used. */
  readonly subject: readonly (string | readonly string[])[];
  /** JSON pointers to the ids that pushes are searched by. */
  readonly keys: { readonly [key in PushKey]?: string };
  /** Whether the payload is exactly as documented. */
  readonly strict: (data: unknown) => boolean;
  /** Whether the payload holds what a handler cannot live without. */
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
