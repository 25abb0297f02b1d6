import { implies } from "./identify.js";
import { harmlessPattern, hasStatement, isValue, personalKinds } from "./personal.js";
import {
  type Condition,
  type Node,
  type PushFile,
  pointerTo,
  provenances,
  type Rule,
  SchemaError,
  typesOf,
  type WrittenPushInfo,
} from "./schema.js";

const keywords = new Set([
  ..."$schema $id title description type enum const required properties items additionalProperties".split(" "),
  ..."x-essential x-known-values x-provenance x-meaning x-source x-unit x-format x-personal x-push".split(" "),
]);
const types = new Set(["object", "array", "string", "integer", "number", "boolean", "null"]);
const signs = new Set(["Sign", "X-AIRudder-Sign", "none", "unknown"]);

/** Checks one resolved push schema against the conventions of `schemas/README.md`. */
export function checkPush(file: string, name: string, schema: Node): void {
  const fail = (pointer: string, problem: string): never => {
    throw new SchemaError(file, pointer, problem);
  };
  if (schema.$schema !== "http://json-schema.org/draft-07/schema#")
    fail("/$schema", 'must be "http://json-schema.org/draft-07/schema#"');
  if (schema.$id !== name) fail("/$id", `must be "${name}", the name of the file`);
  if (!/^[A-Z][A-Za-z0-9]*$/.test(schema.title ?? ""))
    fail("/title", "must be the name of the TypeScript type, such as CallCompleted");
  if (!schema["x-provenance"]) fail("/x-provenance", `must be one of ${provenances.join(", ")}`);
  if (!schema["x-source"]) fail("/x-source", "is missing: name the source, such as the vendor's page");
  if (schema.type !== "object") fail("/type", 'must be "object"');
  checkInfo(fail, schema["x-push"]);
  checkNode(fail, "", schema);
}

/** Checks that no rule of one type implies a rule of the same kind of another type. */
export function checkOverlaps(pushes: readonly PushFile[]): void {
  checkOverlapsOf("identify", pushes);
  checkOverlapsOf("identifyPartial", pushes);
}

function checkOverlapsOf(kind: "identify" | "identifyPartial", pushes: readonly PushFile[]): void {
  for (const one of pushes) {
    for (const other of pushes) {
      if (one.push.type === other.push.type) continue;
      one.push[kind].forEach((rule, index) => {
        if (other.push[kind].some((wide) => implies(rule, wide))) {
          throw new SchemaError(
            `schemas/push/${one.name}.json`,
            `/x-push/${kind}/${index}`,
            `overlaps with ${other.name}: add a condition that distinguishes them`,
          );
        }
      });
    }
  }
}

type Fail = (pointer: string, problem: string) => never;

function checkInfo(fail: Fail, push: WrittenPushInfo | undefined): void {
  if (!push) fail("/x-push", "is missing: { type, title, sign, identify, subject, keys }");
  if (!/^[a-z][a-z0-9_]*(\.[a-z0-9_]+)*$/.test(push.type ?? ""))
    fail("/x-push/type", "must be lower-case words with dots, such as call.completed");
  if (!push.title) fail("/x-push/title", "must be the vendor's title of the push");
  if (push.form !== undefined && push.form !== "wrapped" && push.form !== "bare")
    fail("/x-push/form", 'must be "wrapped" or "bare"');
  if (!signs.has(push.sign)) fail("/x-push/sign", `must be one of ${[...signs].join(", ")}`);
  if (!Array.isArray(push.identify))
    fail("/x-push/identify", "must be a list of rules; an empty one if only a mount can state the type");
  checkRules(fail, "/x-push/identify", push.identify);
  if (push.identifyPartial) checkRules(fail, "/x-push/identifyPartial", push.identifyPartial);
  if (push.signRequired && push.sign !== "Sign" && push.sign !== "X-AIRudder-Sign")
    fail("/x-push/signRequired", "must not be true if no signature is known");
  if (!Array.isArray(push.subject)) fail("/x-push/subject", "must be a list of JSON pointers, or of lists of them");
  for (const pointer of [...push.subject.flat(), ...Object.values(push.keys ?? fail("/x-push/keys", "is missing"))]) {
    if (!pointer.startsWith("/")) fail("/x-push", `"${pointer}" is not a JSON pointer`);
  }
}

function checkRules(fail: Fail, pointerOfRules: string, rules: readonly Rule[]): void {
  rules.forEach((rule, index) => {
    const at = `${pointerOfRules}/${index}`;
    if (Object.keys(rule).length === 0) fail(at, "is empty, so it would match everything");
    for (const [pointer, condition] of Object.entries(rule)) {
      if (!pointer.startsWith("/")) fail(at, `"${pointer}" is not a JSON pointer`);
      if (!isCondition(condition))
        fail(pointerTo(at, pointer), 'must be "object", "array", "string", "present", "absent" or { "const": "..." }');
    }
    if (Object.values(rule).every((condition) => condition === "absent"))
      fail(at, 'has only conditions "absent", so it would match almost everything');
  });
}

function isCondition(condition: Condition): boolean {
  if (typeof condition === "string") return ["object", "array", "string", "present", "absent"].includes(condition);
  return typeof condition?.const === "string";
}

function checkNode(fail: Fail, at: string, node: Node): void {
  for (const keyword of Object.keys(node)) {
    if (!keywords.has(keyword))
      fail(pointerTo(at, keyword), "is not a supported keyword (schemas/README.md lists them)");
  }
  if (!node.description) fail(pointerTo(at, "description"), "is missing: describe the field in your own words");
  if (node["x-meaning"] && node["x-meaning"] !== "vendor" && node["x-meaning"] !== "ours")
    fail(pointerTo(at, "x-meaning"), 'must be "vendor" or "ours"');
  if (node["x-provenance"] && !provenances.includes(node["x-provenance"]))
    fail(pointerTo(at, "x-provenance"), `must be one of ${provenances.join(", ")}`);
  if (typesOf(node).length === 0) fail(pointerTo(at, "type"), "is missing");
  if (typesOf(node).some((type) => !types.has(type)))
    fail(pointerTo(at, "type"), `must be of these types: ${[...types].join(", ")}`);
  if (node.type === "array" && !node.items) fail(pointerTo(at, "items"), "is missing");
  if (node.enum?.some((value) => typeof value === "object" && value !== null))
    fail(pointerTo(at, "enum"), "must contain only scalars");
  checkPersonal(fail, pointerTo(at, "x-personal"), node);
  if (node.type === "object") checkObject(fail, at, node);
  if (node.items) checkNode(fail, pointerTo(at, "items"), node.items);
}

function checkPersonal(fail: Fail, at: string, node: Node): void {
  const isStated = node["x-personal"] !== undefined;
  if (!isValue(node)) {
    if (isStated) fail(at, "is only for fields with a value: set it on each field inside");
    return;
  }
  if (!isStated) fail(at, `is missing: set false, or the kind of data in the field: ${personalKinds.join(", ")}`);
  if (!hasStatement(node)) fail(at, `must be false or one of ${personalKinds.join(", ")}`);
  if (node["x-personal"] === false && harmlessPattern(node) === undefined)
    fail(at, "must not be false: the schema does not limit the values, by enum, x-known-values or x-format");
}

function checkObject(fail: Fail, at: string, node: Node): void {
  const { properties = {}, required = [], "x-essential": essential = [], additionalProperties } = node;
  if (additionalProperties === undefined)
    fail(
      pointerTo(at, "additionalProperties"),
      "must be false (all fields are known), true (others are allowed) or a schema",
    );
  for (const name of required) {
    if (!Object.hasOwn(properties, name)) fail(pointerTo(at, "required"), `"${name}" is not a property`);
  }
  for (const name of essential) {
    if (!required.includes(name)) fail(pointerTo(at, "x-essential"), `"${name}" must be required too`);
  }
  for (const [name, child] of Object.entries(properties)) {
    if (name in {})
      fail(
        pointerTo(at, "properties"),
        `"${name}" is a property of every JavaScript object: leave it to additionalProperties`,
      );
    checkNode(fail, pointerTo(pointerTo(at, "properties"), name), child);
  }
  if (typeof additionalProperties === "object")
    checkNode(fail, pointerTo(at, "additionalProperties"), additionalProperties);
}
