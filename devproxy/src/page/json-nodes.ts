/** A value of a JSON text. Numbers keep their text, and objects their order and duplicate keys. */
export interface JsonNode {
  kind: "object" | "array" | "string" | "number" | "literal";
  /** Name of the field; absent in an array. */
  key?: string;
  /** JSON pointer. */
  pointer: string;
  /** Index of each step from the root. Two texts that differ only in values and names have the same indexes. */
  place: string;
  /** Text of a string, number or literal. */
  text: string;
  /** Position in the JSON text. */
  start: number;
  end: number;
  children: JsonNode[];
}

/** A structural character, a string or a word. */
const TOKEN = /[{}[\],:]|"[^"\\]*(?:\\.[^"\\]*)*"|[^\s{}[\],:"]+/g;

/** Parses a JSON text, without recursion. `undefined` if it is not JSON. */
export function parseNodes(text: string): JsonNode | undefined {
  try {
    JSON.parse(text);
  } catch {
    return undefined;
  }
  const open: JsonNode[] = [];
  let root: JsonNode | undefined;
  let key: string | undefined;
  for (const match of text.matchAll(TOKEN)) {
    const [token] = match;
    const parent = open.at(-1);
    if (token === "," || token === ":") continue;
    if (token === "}" || token === "]") {
      if (parent !== undefined) parent.end = match.index + 1;
      open.pop();
      continue;
    }
    if (parent?.kind === "object" && key === undefined) {
      key = JSON.parse(token) as string;
      continue;
    }
    const node: JsonNode = {
      kind: kindOf(token),
      pointer: "",
      place: "",
      text: token.startsWith('"') ? (JSON.parse(token) as string) : token,
      start: match.index,
      end: match.index + token.length,
      children: [],
    };
    if (parent === undefined) root = node;
    else {
      node.pointer = `${parent.pointer}/${escapeStep(key ?? String(parent.children.length))}`;
      node.place = `${parent.place}/${parent.children.length}`;
      if (key !== undefined) node.key = key;
      parent.children.push(node);
    }
    key = undefined;
    if (node.kind === "object" || node.kind === "array") open.push(node);
  }
  return root;
}

function kindOf(token: string): JsonNode["kind"] {
  if (token === "{") return "object";
  if (token === "[") return "array";
  if (token.startsWith('"')) return "string";
  return /^[-\d]/.test(token) ? "number" : "literal";
}

function escapeStep(step: string): string {
  return step.replaceAll("~", "~0").replaceAll("/", "~1");
}

/** The node at a place; `undefined` if there is none. */
export function nodeAt(root: JsonNode, place: string): JsonNode | undefined {
  let node: JsonNode | undefined = root;
  for (const step of place.split("/").slice(1)) node = node?.children[Number(step)];
  return node;
}

/** The node at a JSON pointer or, if there is none, the deepest one above it. */
export function nearestNode(root: JsonNode, pointer: string): JsonNode {
  let node = root;
  for (;;) {
    const next = node.children.find((child) => pointer === child.pointer || pointer.startsWith(`${child.pointer}/`));
    if (next === undefined) return node;
    node = next;
  }
}

/** Text with lines indented by two spaces. Numbers, duplicate keys and escapes stay. `undefined` if it is not JSON. */
export function prettyJson(text: string): string | undefined {
  try {
    JSON.parse(text);
  } catch {
    return undefined;
  }
  const out: string[] = [];
  let depth = 0;
  let previous = "";
  for (const [token] of text.matchAll(TOKEN)) {
    const line = () => `\n${"  ".repeat(Math.min(depth, 64))}`;
    if (token === "}" || token === "]") {
      depth--;
      if (previous !== "{" && previous !== "[") out.push(line());
    } else if (previous === "{" || previous === "[" || previous === ",") out.push(line());
    else if (previous === ":") out.push(" ");
    if (token === "{" || token === "[") depth++;
    out.push(token);
    previous = token;
  }
  return out.join("");
}

/** Whether a value stands in place of a redacted one, such as `<phone:ab12cd>`. */
export function isPlaceholder(text: string): boolean {
  return /^<(?:[a-z]+:[0-9a-f]{6,12}|hidden|nested too deeply)>$|--reveal shows them/.test(text);
}
