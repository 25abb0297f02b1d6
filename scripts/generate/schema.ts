import { pointerStep } from "../../middleware/src/push/pointer.js";

/** How reliable the schema of a push or of a field is, most reliable first. */
export const provenances = ["documented", "observed", "inferred", "unknown"] as const;
export type Provenance = (typeof provenances)[number];

/** What a payload must have at a JSON pointer to be of a type. */
export type Condition = "object" | "array" | "string" | "present" | "absent" | { const: string };

/** Conditions by JSON pointer. All of them must hold. */
export type Rule = Record<string, Condition>;

/** The facts about a push that do not describe its payload: the keyword `x-push`. */
export interface PushInfo {
  type: string;
  title: string;
  form?: "wrapped" | "bare";
  sign: "Sign" | "X-AIRudder-Sign" | "none" | "unknown";
  /** Whether a push without this signature is rejected. Default in the file: true for `Sign` and `X-AIRudder-Sign`, otherwise false. */
  signRequired: boolean;
  identify: Rule[];
  /** Rules for a push that lacks a field. Default in the file: none. */
  identifyPartial: Rule[];
  /** JSON pointers. Of a list of pointers, the first one with a value is used. */
  subject: (string | string[])[];
  keys: { [key in "workflow" | "node" | "task" | "call" | "case" | "agent" | "phone"]?: string };
}

/** {@link PushInfo} as written in a file: two fields have defaults. */
export type WrittenPushInfo = Omit<PushInfo, "signRequired" | "identifyPartial"> &
  Partial<Pick<PushInfo, "signRequired" | "identifyPartial">>;

/** A node of a JSON Schema, with the keywords that the conventions allow. */
export interface Node {
  $schema?: string;
  $id?: string;
  $ref?: string;
  title?: string;
  description?: string;
  type?: string | string[];
  enum?: unknown[];
  const?: unknown;
  required?: string[];
  properties?: Record<string, Node>;
  items?: Node;
  additionalProperties?: boolean | Node;
  definitions?: Record<string, Node>;
  "x-essential"?: string[];
  "x-known-values"?: string[];
  "x-provenance"?: Provenance;
  /** Who states the meaning: `vendor`, or `ours` if the docs do not. Also applies to everything nested inside. */
  "x-meaning"?: "vendor" | "ours";
  "x-source"?: string;
  "x-unit"?: string;
  "x-format"?: string;
  /** The kind of personal data in the field, or `false`. */
  "x-personal"?: string | false;
  "x-push"?: WrittenPushInfo;
}

/** The root node of a file in `schemas/push`, with the keywords that a root must have. */
export type PushNode = Node &
  Required<Pick<Node, "$id" | "title" | "description" | "x-provenance" | "x-source" | "x-push">>;

/** One schema file of a push. */
export interface PushFile {
  /** The file's name without `.json`, such as `dialer.task.bare`. */
  name: string;
  /** The name as part of an identifier, such as `dialer_task_bare`. */
  ident: string;
  /** The schema with every `$ref` replaced by its target; shared parts stay the same object. */
  schema: PushNode;
  push: PushInfo;
  /** Sample files, as paths below `schemas/samples`. */
  samples: string[];
}

/** A mistake in a schema. The message names the file and the pointer, and says how to fix it. */
export class SchemaError extends Error {
  override name = "SchemaError";
  constructor(
    readonly file: string,
    readonly pointer: string,
    problem: string,
  ) {
    super(`${file}${pointer === "" ? "" : `#${pointer}`}: ${problem}`);
  }
}

/** The types a node allows, always as a list. */
export function typesOf(node: Node): string[] {
  return node.type === undefined ? [] : Array.isArray(node.type) ? node.type : [node.type];
}

/** Adds one step to a JSON pointer. */
export function pointerTo(pointer: string, step: string): string {
  return pointer + pointerStep(step);
}
