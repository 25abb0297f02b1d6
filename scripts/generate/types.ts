import { banner } from "./banner.js";
import { type Node, type PushFile, typesOf } from "./schema.js";

/** The source of `types.ts`: an interface for each schema and each shared part, and the map from type to payload. */
export function typesSource(pushes: readonly PushFile[]): string {
  const writer = new TypeWriter();
  for (const file of pushes) writer.declare(file.schema, siblingFields(file, pushes));
  return `${banner}${writer.declarations.join("\n")}\n${payloadsSource(pushes)}`;
}

/** The root fields that only the other forms of a push have. An editor then completes the fields of all forms. */
function siblingFields(file: PushFile, pushes: readonly PushFile[]): Map<string, string> {
  const fields = new Map<string, string>();
  for (const { push, schema } of pushes) {
    if (push.type !== file.push.type || push.form === file.push.form) continue;
    for (const name of Object.keys(schema.properties ?? {})) {
      if (!Object.hasOwn(file.schema.properties ?? {}, name)) fields.set(name, `Only in the ${push.form} form.`);
    }
  }
  return fields;
}

function payloadsSource(pushes: readonly PushFile[]): string {
  const byType = new Map<string, string[]>();
  for (const { push, schema } of pushes) byType.set(push.type, [...(byType.get(push.type) ?? []), schema.title]);
  const lines = [...byType].map(([type, titles]) => `  ${JSON.stringify(type)}: ${titles.join(" | ")};`);
  return `/** The payload of each type of push. */
export interface PushPayloads {
${lines.join("\n")}
  /** A JSON object that has the shape of no known push. */
  unknown: Record<string, unknown>;
}

/** The name of a push's type. */
export type PushType = keyof PushPayloads;
`;
}

/** Writes schemas as TypeScript. What has a title is declared once and referred to by its name. */
class TypeWriter {
  readonly declarations: string[] = [];
  readonly #declared = new Set<Node>();

  declare(node: Node, absent: ReadonlyMap<string, string> = new Map()): void {
    if (this.#declared.has(node)) return;
    this.#declared.add(node);
    // Its place comes before those of the parts that it uses.
    const index = this.declarations.push("") - 1;
    this.declarations[index] = `${comment(node, "")}export ${
      typesOf(node).includes("object")
        ? `interface ${node.title} ${this.#fields(node, "", absent)}`
        : `type ${node.title} = ${this.#value(node, "")};`
    }\n`;
  }

  #type(node: Node, indent: string): string {
    if (node.title === undefined) return this.#value(node, indent);
    this.declare(node);
    return node.title;
  }

  /** Known values stay open, since the vendor adds some without notice: an editor offers them, the compiler takes any. */
  #value(node: Node, indent: string): string {
    if (node.const !== undefined) return JSON.stringify(node.const);
    const values = (node.enum ?? node["x-known-values"] ?? []).map((value) => JSON.stringify(value));
    const kinds = typesOf(node).map((type) => {
      if (type === "string" && values.length > 0) return "(string & {})";
      if (type === "integer") return "number";
      if (type === "array") return this.#list(node, indent);
      return type === "object" ? this.#object(node, indent) : type;
    });
    return [...new Set([...values, ...kinds])].join(" | ");
  }

  #list(node: Node, indent: string): string {
    const item = this.#type(node.items ?? {}, indent);
    return item.includes("|") && !item.startsWith("{") ? `(${item})[]` : `${item}[]`;
  }

  #object(node: Node, indent: string): string {
    if (node.properties !== undefined) return this.#fields(node, indent);
    const rest = node.additionalProperties;
    return `Record<string, ${typeof rest === "object" ? this.#type(rest, indent) : "unknown"}>`;
  }

  /** Only a payload of unknown shape can be read by any name: elsewhere a misspelt field must not compile. */
  #fields(node: Node, indent: string, absent: ReadonlyMap<string, string> = new Map()): string {
    const inner = `${indent}  `;
    const fields = Object.entries(node.properties ?? {}).map(([name, child]) => {
      const mark = node.required?.includes(name) ? "" : "?";
      return `${comment(child, inner)}${inner}${keyOf(name)}${mark}: ${this.#type(child, inner)};\n`;
    });
    for (const [name, text] of absent) fields.push(`${inner}/** ${text} */\n${inner}${keyOf(name)}?: never;\n`);
    if (node["x-provenance"] === "unknown") fields.push(`${inner}[name: string]: unknown;\n`);
    return `{\n${fields.join("")}${indent}}`;
  }
}

function keyOf(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name);
}

function comment(node: Node, indent: string): string {
  const lines = [node.description ?? ""];
  if (node["x-format"]) lines.push(`Format: ${node["x-format"]}.`);
  if (node["x-unit"]) lines.push(`Unit: ${node["x-unit"]}.`);
  if (node["x-provenance"] && node["x-provenance"] !== "documented") lines.push(`Provenance: ${node["x-provenance"]}.`);
  else if (node["x-meaning"] === "ours")
    lines.push(
      node["x-push"]
        ? "The docs do not describe most of its fields."
        : "The docs do not describe it: the meaning is ours.",
    );
  const text = lines.map((line) => `${indent} * ${line.replaceAll("*/", "*\\/")}\n`).join("");
  return `${indent}/**\n${text}${indent} */\n`;
}
